// Goal: tiers, zones, slow start, panic and sessions compose: who may not take traffic never does, and shares follow capacity that is there.
// Method: 20,000 picks at given standings on time that the test moves.
#include "agent/balancer/selection.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace switchyard::agent::balancer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kPicks = 20'000;

class SelectionTest : public testing::Test {
 protected:
  // Members are (priority, local).
  void Make(PlanOptions options, const std::vector<std::pair<std::uint32_t, bool>>& members) {
    std::vector<Member> own;
    for (std::size_t i = 0; i < members.size(); ++i) own.push_back({Mix(i), 1, members[i].first, members[i].second});
    evidence_ = std::vector<LocalEvidence>(members.size());
    std::vector<const LocalEvidence*> pointers;
    for (const LocalEvidence& one : evidence_) pointers.push_back(&one);
    selection_ = std::make_unique<Selection>(MakePlan(options, std::move(own)), pointers, random_);
    standings_.assign(members.size(), {});
  }

  std::vector<double> Shares(std::size_t avoid = kNone) {
    selection_->Refresh(now_, standings_);
    std::vector<double> shares(standings_.size() + 1, 0);  // the last: nobody
    for (int i = 0; i < kPicks; ++i) {
      const std::size_t at = selection_->Pick(std::nullopt, avoid, now_, random_);
      shares[std::min(at, standings_.size())] += 1.0 / kPicks;
    }
    return shares;
  }

  const std::uint64_t seed_ = SecureSeed();
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  Random random_{seed_};
  TimePoint now_ = TimePoint(seconds(1'000));
  std::vector<LocalEvidence> evidence_;
  std::unique_ptr<Selection> selection_;
  std::vector<Standing> standings_;
};

TEST_F(SelectionTest, FirstTierTakesAllWhileItHasTheCapacity) {
  Make({}, {{0, true}, {0, true}, {0, true}, {0, true}, {1, true}});
  EXPECT_EQ(Shares()[4], 0);
  // 3 of 4: 1.4 * 0.75 still covers it.
  standings_[0].healthy = false;
  EXPECT_EQ(Shares()[4], 0);
  // 2 of 4: 0.7 stays.
  standings_[1].healthy = false;
  EXPECT_NEAR(Shares()[4], 0.3, 0.02);
  standings_[2].healthy = standings_[3].healthy = false;
  EXPECT_NEAR(Shares()[4], 1.0, 1e-6);
}

TEST_F(SelectionTest, FailedAttemptMayGoToAnotherTier) {
  Make({}, {{0, true}, {7, true}});
  EXPECT_NEAR(Shares()[0], 1.0, 1e-6);
  EXPECT_NEAR(Shares(0)[1], 1.0, 1e-6);
}

TEST_F(SelectionTest, OwnZoneFirstThenSpillInProportion) {
  Make({.prefer_local = true}, {{0, true}, {0, true}, {0, true}, {0, true}, {0, true}, {0, false}});
  EXPECT_EQ(Shares()[5], 0);
  standings_[0].healthy = false;  // 80 % left: all stay
  now_ += milliseconds(100);
  EXPECT_EQ(Shares()[5], 0);
  standings_[1].healthy = standings_[2].healthy = false;  // 40 %: half stay
  now_ += milliseconds(100);
  EXPECT_NEAR(Shares()[5], 0.5, 0.02);
  standings_[3].healthy = standings_[4].healthy = false;
  now_ += milliseconds(100);
  EXPECT_NEAR(Shares()[5], 1.0, 1e-6);
}

TEST_F(SelectionTest, ZoneBeyondItsMeasuredCapacitySpillsAndComesBackSlowly) {
  Make({.prefer_local = true}, {{0, true}, {0, true}, {0, false}});
  const auto run = [&](Duration latency, int steps) {
    for (int i = 0; i < steps; ++i) {
      now_ += milliseconds(100);
      for (LocalEvidence& one : evidence_) one.OnSuccess(now_, latency);
      selection_->Refresh(now_, standings_);
    }
    return Shares()[2];
  };
  EXPECT_EQ(run(milliseconds(10), 20), 0);
  const double spilled = run(milliseconds(100), 5);
  EXPECT_GT(spilled, 0.15);
  EXPECT_LT(spilled, 0.4);
  // Peak-EWMA needs a while to believe it, then 1 point per step.
  EXPECT_LT(run(milliseconds(10), 600), 0.02);
}

TEST_F(SelectionTest, HashBalancersKeepOneHomeWhateverTheZone) {
  Make({.kind = Kind::kMaglev, .prefer_local = true}, {{0, true}, {0, false}});
  EXPECT_NEAR(Shares()[1], 0.5, 0.05);
}

TEST_F(SelectionTest, SlowStartGrowsWithTimeAndRequests) {
  Make({.slow_start = {seconds(10), 1}}, {{0, true}, {0, true}, {0, true}, {0, true}});
  selection_->slow_start(0).Begin(now_);
  EXPECT_NEAR(Shares()[0], 0.1 / 3.1, 0.015);  // more than 200 requests have gone there
  now_ += seconds(5);
  EXPECT_NEAR(Shares()[0], 0.5 / 3.5, 0.02);
  now_ += seconds(5);
  EXPECT_NEAR(Shares()[0], 0.25, 0.02);
}

TEST_F(SelectionTest, SlowStartWaitsForRequestsButNotForEver) {
  Make({.slow_start = {seconds(10), 1}}, {{0, true}, {0, true}});
  selection_->slow_start(0).Begin(now_);
  now_ += seconds(30);
  EXPECT_TRUE(selection_->slow_start(0).running());
  selection_->Refresh(now_, standings_);
  EXPECT_TRUE(selection_->slow_start(0).running());
  now_ += seconds(31);
  selection_->Refresh(now_, standings_);
  EXPECT_FALSE(selection_->slow_start(0).running());
}

TEST_F(SelectionTest, WhenAllAreNewNoneIs) {
  Make({.slow_start = {seconds(10), 1}}, {{0, true}, {0, true}});
  for (std::size_t i = 0; i < 2; ++i) selection_->slow_start(i).Begin(now_);
  EXPECT_NEAR(Shares()[0], 0.5, 0.02);
}

TEST_F(SelectionTest, PanicBringsBackTheLeastBadFirst) {
  Make({.least_capacity = 0.5}, {{0, true}, {0, true}, {0, true}, {0, true}});
  standings_[0].healthy = false;
  standings_[1].ejected = standings_[2].ejected = true;
  for (int i = 0; i < 20; ++i) evidence_[1].OnFailure(now_);
  const std::vector<double> shares = Shares();
  EXPECT_TRUE(selection_->panic());
  EXPECT_EQ(shares[0], 0);
  EXPECT_EQ(shares[1], 0);
  EXPECT_GT(shares[2], 0.2);
  EXPECT_GT(shares[3], 0.2);
}

TEST_F(SelectionTest, WithNobodyLeftAllActiveOnesAreUsedButNeverTheBarred) {
  Make({}, {{0, true}, {0, true}, {0, true}, {0, true}});
  standings_[0].healthy = standings_[1].healthy = false;
  standings_[2].barred = true;
  standings_[3].active = false;
  std::vector<double> shares = Shares();
  EXPECT_NEAR(shares[0], 0.5, 0.02);
  EXPECT_EQ(shares[2] + shares[3] + shares[4], 0);
  standings_[0].barred = standings_[1].barred = true;
  shares = Shares();
  EXPECT_NEAR(shares[4], 1.0, 1e-6);
}

TEST_F(SelectionTest, ASubsetTakesEverythingWhileItIsEnoughAndThenTheWholeTierHelps) {
  Make({.least_capacity = 0.2}, {{0, true}, {0, true}, {0, true}, {0, true}, {0, true}, {0, true}, {1, true}});
  standings_[4].left_out = standings_[5].left_out = true;
  auto shares = Shares();
  EXPECT_EQ(shares[4] + shares[5] + shares[6], 0);
  // 3 of 4 own ones: 1.4 * 0.75 still covers it.
  standings_[0].healthy = false;
  shares = Shares();
  EXPECT_EQ(shares[4] + shares[5] + shares[6], 0);
  // 2 of 4: before another tier is asked, the whole of this one is.
  standings_[1].ejected = true;
  shares = Shares();
  for (const std::size_t at : {2, 3, 4, 5}) EXPECT_GT(shares[at], 0.15) << at;
  EXPECT_LT(shares[6], 0.1);
  EXPECT_FALSE(selection_->panic());
  standings_[0].healthy = true;
  shares = Shares();
  EXPECT_EQ(shares[4] + shares[5] + shares[6], 0);
}

TEST_F(SelectionTest, ASubsetThatIsDownLosesNoRequest) {
  Make({.least_capacity = 0.2}, {{0, true}, {0, true}, {0, true}, {0, true}});
  standings_[2].left_out = standings_[3].left_out = true;
  standings_[0].healthy = standings_[1].healthy = false;
  auto shares = Shares();
  EXPECT_NEAR(shares[2] + shares[3], 1, 1e-6);
  // What is left out and unwell is no way out.
  standings_[2].healthy = false;
  shares = Shares();
  EXPECT_NEAR(shares[3], 1, 1e-6);
  // All down: panic, as ever.
  standings_[3].ejected = true;
  shares = Shares();
  EXPECT_EQ(shares[4], 0);
  EXPECT_TRUE(selection_->panic());
}

TEST_F(SelectionTest, TrialShareIsKept) {
  Make({}, {{0, true}, {0, true}, {0, true}, {0, true}});
  standings_[1].share = 0.05F;
  const double share = Shares()[1];
  EXPECT_LT(share, 0.03);
  EXPECT_GT(share, 0.005);
}

TEST_F(SelectionTest, RandomStandingsNeverNameOneThatMayNot) {
  for (int round = 0; round < 1'000; ++round) {
    std::vector<std::pair<std::uint32_t, bool>> members;
    for (std::uint64_t n = random_.Below(7); n > 0; --n) members.emplace_back(random_.Below(3), random_.Below(2) == 0);
    Make({.kind = static_cast<Kind>(random_.Below(9)), .hash_bound = 1.25, .least_capacity = 0.2, .prefer_local = random_.Below(2) == 0,
          .slow_start = {seconds(random_.Below(3)), 1}},
         members);
    for (int step = 0; step < 10; ++step) {
      now_ += milliseconds(random_.Below(200));
      bool any = false;
      for (Standing& one : standings_) {
        one = {random_.Below(2) == 0, random_.Below(2) == 0, random_.Below(3) == 0, random_.Below(3) == 0, static_cast<float>(random_.Unit())};
        any = any || (one.active && !one.barred);
      }
      for (std::size_t i = 0; i < members.size(); ++i) {
        selection_->SetInFlight(i, static_cast<std::uint32_t>(random_.Below(10)));
        if (random_.Below(4) == 0) selection_->slow_start(i).Begin(now_);
        if (random_.Below(2) == 0) evidence_[i].OnSuccess(now_, milliseconds(random_.Below(50)));
        selection_->OnReport(i, {static_cast<float>(random_.Below(9)), 0.01F, 0, now_});
      }
      selection_->Refresh(now_, standings_);
      for (int pick = 0; pick < 5; ++pick) {
        const std::size_t at = selection_->Pick(random_.Next(), random_.Below(8), now_, random_);
        ASSERT_EQ(at != kNone, any);
        if (at == kNone) continue;
        ASSERT_LT(at, members.size());
        ASSERT_TRUE(standings_[at].active && !standings_[at].barred);
        ASSERT_TRUE(selection_->panic() || (standings_[at].healthy && !standings_[at].ejected));
      }
    }
  }
}

}  // namespace
}  // namespace switchyard::agent::balancer
