// Goal: turns follow weights evenly; without reports ADAPTIVE takes the cheapest of a few, shares by weight where nothing differs, leaves what
// fails or is full to others, comes back to what was slow, and follows the fleet's requests in flight in measure. Method: fixed facts; seeds
// are printed.
#include "agent/balancer/by_turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace switchyard::agent::balancer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ByTurnsTest : public testing::Test {
 protected:
  explicit ByTurnsTest(std::size_t count = 40) : facts_(count), evidence_(count) {
    for (std::size_t i = 0; i < count; ++i) facts_[i].evidence = &evidence_[i];
  }

  View Seen() {
    View view;
    view.backends = facts_;
    view.now = now_;
    view.others_at = told_;
    for (const BackendFacts& facts : facts_) {
      view.all_shares += ShareOf(facts);
      view.all_in_flight += facts.in_flight;
    }
    return view;
  }

  void Answer(std::size_t at, Duration latency, int times = 50) {
    for (int i = 0; i < times; ++i) evidence_[at].OnSuccess(now_, latency);
  }

  // Picks per backend; nothing stays in flight.
  std::vector<int> Picks(ByTurns& balancer, int count) {
    std::vector<int> out(facts_.size(), 0);
    for (int i = 0; i < count; ++i) ++out[balancer.Pick(Seen(), random_)];
    return out;
  }

  const std::uint64_t seed_ = SecureSeed();
  Random random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  std::vector<BackendFacts> facts_;
  std::vector<LocalEvidence> evidence_;
  TimePoint now_{seconds(100)};
  TimePoint told_{};
};

TEST(TurnOrder, EachHasItsShareInAnyWindowButForAFewTurns) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::vector<std::uint32_t> weights = {5, 0, 1, 1, 3, 100};
  std::vector<BackendFacts> facts;
  for (const std::uint32_t weight : weights) facts.push_back({.weight = weight});
  TurnOrder order(facts, random);
  std::vector<int> counts(weights.size(), 0);
  for (int turn = 1; turn <= 110'000; ++turn) {
    ++counts[order.Next()];
    if (turn % 997 != 0) continue;
    for (std::size_t i = 0; i < weights.size(); ++i) ASSERT_NEAR(counts[i], turn * weights[i] / 110.0, 4) << turn << ' ' << i;
  }
  EXPECT_EQ(counts[1], 0);
}

TEST(TurnOrder, AThousandTimesLighterStillHasItsTurns) {
  Random random(7);
  std::vector<BackendFacts> facts(1'000);
  facts[500].weight = 1'000'000;
  TurnOrder order(facts, random);
  std::vector<int> counts(facts.size(), 0);
  for (int turn = 0; turn < 5'000'000; ++turn) ++counts[order.Next()];
  EXPECT_NEAR(counts[500] / 5e6, 1e6 / 1'000'999, 1e-4);
  EXPECT_GT(std::count_if(counts.begin(), counts.end(), [](int count) { return count > 0; }), 900);
}

TEST_F(ByTurnsTest, EqualBackendsShareEvenly) {
  for (std::size_t i = 0; i < facts_.size(); ++i) Answer(i, milliseconds(10));
  ByTurns balancer(facts_, random_);
  for (const int picks : Picks(balancer, 40'000)) EXPECT_NEAR(picks, 1'000, 20);
}

TEST_F(ByTurnsTest, FasterIsPreferredButTakesFiveTimesItsShareAtMost) {
  for (std::size_t i = 0; i < facts_.size(); ++i) Answer(i, milliseconds(i == 3 ? 5 : 10));
  ByTurns balancer(facts_, random_);
  const int fast = Picks(balancer, 40'000)[3];
  EXPECT_GT(fast, 4'000);
  EXPECT_LE(fast, 5'050);
}

TEST_F(ByTurnsTest, WhoHasRequestsInFlightWaits) {
  for (std::size_t i = 0; i < facts_.size(); ++i) Answer(i, milliseconds(10));
  facts_[7].in_flight = 3;
  ByTurns balancer(facts_, random_);
  EXPECT_EQ(Picks(balancer, 10'000)[7], 0);
}

TEST_F(ByTurnsTest, FailingFastAttractsNobody) {
  for (std::size_t i = 0; i < facts_.size(); ++i) Answer(i, milliseconds(10));
  for (int i = 0; i < 50; ++i) evidence_[7].OnFailure(now_);
  ByTurns balancer(facts_, random_);
  EXPECT_EQ(Picks(balancer, 10'000)[7], 0);
}

TEST_F(ByTurnsTest, WhatWasSlowIsTriedAgain) {
  for (std::size_t i = 0; i < facts_.size(); ++i) Answer(i, milliseconds(i == 7 ? 100 : 10));
  ByTurns balancer(facts_, random_);
  EXPECT_EQ(Picks(balancer, 10'000)[7], 0);
  now_ += seconds(40);
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    if (i != 7) Answer(i, milliseconds(10));
  }
  EXPECT_GT(Picks(balancer, 10'000)[7], 0);
}

TEST_F(ByTurnsTest, TheUnknownIsAsQuickAsTheOthers) {
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    if (i != 7) Answer(i, milliseconds(10));
  }
  ByTurns balancer(facts_, random_);
  EXPECT_NEAR(Picks(balancer, 40'000)[7], 1'000, 60);
}

class ToldTest : public ByTurnsTest {
 protected:
  // Ten overlays 100 ms apart with 10 picks in between, 2 requests of its own in flight.
  std::vector<int> PicksWhenToldOf(float others) {
    for (std::size_t i = 0; i < facts_.size(); ++i) Answer(i, milliseconds(10));
    for (BackendFacts& facts : facts_) facts.others = 4;
    facts_[7].others = others;
    facts_[0].in_flight = facts_[1].in_flight = 1;
    ByTurns balancer(facts_, random_);
    for (int i = 0; i < 10; ++i) {
      now_ += milliseconds(100);
      told_ = now_;
      Picks(balancer, 10);
    }
    return Picks(balancer, 38'000);
  }
};

TEST_F(ToldTest, WhatChanceExplainsChangesNothing) { EXPECT_NEAR(PicksWhenToldOf(7)[7], 1'000, 150); }

TEST_F(ToldTest, WhatIsMoreTakesTurnsInMeasure) {
  const int picks = PicksWhenToldOf(10)[7];
  EXPECT_LT(picks, 950);
  EXPECT_GT(picks, 5);
}

TEST_F(ToldTest, WhoIsFullHasHardlyATurn) { EXPECT_LE(PicksWhenToldOf(400)[7], 150); }

}  // namespace
}  // namespace switchyard::agent::balancer
