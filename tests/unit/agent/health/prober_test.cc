// The prober on simulated time, asking through a fake runner whose answers the test gives one by one.
#include "agent/health/prober.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "common/base/manual_loop.h"

namespace switchyard::agent::health {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Holds questions until the test answers them.
class FakeRunner final : public ProbeRunner {
 public:
  std::unique_ptr<Probe> Start(const Endpoint& backend, const ProbeSpec& spec, std::function<void(ProbeResult)> done) override {
    const int id = ++made_;
    specs.push_back(spec);
    pending_[id] = {backend.ToString(), std::move(done)};
    return std::make_unique<Handle>(*this, id);
  }

  // Answers every question that is open now. Returns how many.
  std::size_t AnswerAll(ProbeVerdict verdict, const std::string& reason = "because") {
    auto open = std::move(pending_);
    pending_.clear();
    for (auto& [id, question] : open) question.done({verdict, reason});
    return open.size();
  }
  std::size_t open() const { return pending_.size(); }
  int made() const { return made_; }

  std::vector<ProbeSpec> specs;

 private:
  struct Question {
    std::string backend;
    std::function<void(ProbeResult)> done;
  };
  class Handle final : public Probe {
   public:
    Handle(FakeRunner& runner, int id) : runner_(runner), id_(id) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() override { runner_.pending_.erase(id_); }

   private:
    FakeRunner& runner_;
    int id_;
  };
  std::map<int, Question> pending_;
  int made_ = 0;
};

v1::Snapshot SnapshotOf(int backends, const std::string& path = "/", bool check = true) {
  v1::Snapshot snapshot;
  v1::Resource& resource = *snapshot.add_resources();
  resource.set_name("web");
  v1::Upstream& upstream = *resource.mutable_upstream();
  for (int i = 0; i < backends; ++i) upstream.add_backends()->set_address("127.0.0.1:" + std::to_string(8000 + i));
  if (check) upstream.mutable_health_check()->mutable_http()->set_path(path);
  return snapshot;
}

class ProberTest : public testing::Test {
 protected:
  ProberTest() : loop_(clock_), prober_(loop_, runner_, table_, {.max_concurrent = 4, .seed = 1}) {
    prober_.OnNews([this](const HealthNews& news) { news_.push_back(news); });
  }

  ManualClock clock_;
  ManualLoop loop_;
  FakeRunner runner_;
  HealthTable table_;
  std::vector<HealthNews> news_;
  Prober prober_;
};

TEST_F(ProberTest, AsksANewBackendAtOnce) {
  prober_.Update(SnapshotOf(1));
  EXPECT_EQ(runner_.open(), 1U);
  EXPECT_EQ(runner_.specs[0].path, "/");
  EXPECT_EQ(runner_.specs[0].host, "127.0.0.1:8000");
}

TEST_F(ProberTest, AsksAgainAfterTheIntervalWithJitter) {
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kOk);
  loop_.Advance(milliseconds(1799));
  EXPECT_EQ(runner_.open(), 0U);
  loop_.Advance(milliseconds(402));
  EXPECT_EQ(runner_.open(), 1U);
}

TEST_F(ProberTest, AsksSoonerWhileResultsSpeakAgainstTheState) {
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kOk);
  loop_.Advance(milliseconds(2201));
  runner_.AnswerAll(ProbeVerdict::kFailed);
  for (int failed = 1; failed < 3; ++failed) {
    loop_.Advance(milliseconds(449));
    EXPECT_EQ(runner_.open(), 0U);
    loop_.Advance(milliseconds(102));
    ASSERT_EQ(runner_.AnswerAll(ProbeVerdict::kFailed), 1U);
  }
  ASSERT_EQ(news_.size(), 1U);
  loop_.Advance(milliseconds(449));
  EXPECT_EQ(runner_.open(), 0U);
  loop_.Advance(milliseconds(102));
  EXPECT_EQ(runner_.open(), 1U) << "it may be up again soon";
}

TEST_F(ProberTest, AsksWhatIsDownAtEverLongerGapsUpToTheInterval) {
  prober_.Update(SnapshotOf(1));
  const TimePoint down = clock_.Now();
  int asked = 0;
  TimePoint last = down;
  while (clock_.Now() - down < seconds(60)) {
    if (runner_.open() == 0) {
      loop_.Advance(milliseconds(1));
      continue;
    }
    const Duration gap = clock_.Now() - last;
    const Duration down_for = clock_.Now() - down;
    if (asked++ > 0) {
      EXPECT_LE(gap, std::clamp<Duration>(down_for / 14, milliseconds(551), milliseconds(2'201))) << asked;
      EXPECT_GE(gap, std::clamp<Duration>(down_for / 20, milliseconds(449), milliseconds(1'799))) << asked;
    }
    last = clock_.Now();
    runner_.AnswerAll(ProbeVerdict::kFailed);
  }
  EXPECT_LE(asked, 60) << "twice as often as a backend that is well, over a minute";
  // Well again, it is asked as all are.
  for (int i = 0; i < 3; ++i) {
    loop_.Advance(seconds(3));
    runner_.AnswerAll(ProbeVerdict::kOk);
  }
  loop_.Advance(milliseconds(1'799));
  EXPECT_EQ(runner_.open(), 0U);
}

TEST_F(ProberTest, VariesTheGapByTenPercent) {
  prober_.Update(SnapshotOf(1));
  Duration shortest = seconds(10);
  Duration longest{};
  for (int i = 0; i < 200; ++i) {
    runner_.AnswerAll(ProbeVerdict::kOk);
    const TimePoint start = clock_.Now();
    while (runner_.open() == 0) loop_.Advance(milliseconds(1));
    shortest = std::min<Duration>(shortest, clock_.Now() - start);
    longest = std::max<Duration>(longest, clock_.Now() - start);
  }
  EXPECT_GE(shortest, Duration(milliseconds(1800)));
  EXPECT_LT(shortest, Duration(milliseconds(1850)));
  EXPECT_GT(longest, Duration(milliseconds(2150)));
  EXPECT_LE(longest, Duration(milliseconds(2201)));
}

TEST_F(ProberTest, WritesTheVerdictIntoTheTable) {
  const auto health = table_.Get("web", "127.0.0.1:8000");
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kFailed, "status 503");
  EXPECT_FALSE(health->usable());
  ASSERT_EQ(news_.size(), 1U);
  EXPECT_EQ(news_[0].upstream, "web");
  EXPECT_EQ(news_[0].address, "127.0.0.1:8000");
  EXPECT_EQ(news_[0].state, HealthState::kUnhealthy);
  EXPECT_EQ(news_[0].reason, "status 503");
}

TEST_F(ProberTest, TellsARecoveryButNotAGoodStart) {
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kOk);
  EXPECT_TRUE(news_.empty());
  for (int i = 0; i < 5; ++i) {
    loop_.Advance(seconds(3));
    runner_.AnswerAll(i < 3 ? ProbeVerdict::kFailed : ProbeVerdict::kOk);
  }
  ASSERT_EQ(news_.size(), 2U);
  EXPECT_EQ(news_[0].state, HealthState::kUnhealthy);
  EXPECT_EQ(news_[1].state, HealthState::kHealthy);
}

TEST_F(ProberTest, RunsAtMostItsBoundAndThenTheRest) {
  prober_.Update(SnapshotOf(10));
  EXPECT_EQ(runner_.open(), 4U);
  EXPECT_EQ(prober_.running(), 4U);
  EXPECT_EQ(runner_.AnswerAll(ProbeVerdict::kOk), 4U);
  EXPECT_EQ(runner_.AnswerAll(ProbeVerdict::kOk), 4U);
  EXPECT_EQ(runner_.AnswerAll(ProbeVerdict::kOk), 2U);
  EXPECT_EQ(runner_.made(), 10);
}

TEST_F(ProberTest, StopsARemovedTargetAtOnceAndForgetsItsVerdict) {
  const auto health = table_.Get("web", "127.0.0.1:8000");
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kFailed);
  loop_.Advance(seconds(3));
  EXPECT_EQ(runner_.open(), 1U);
  prober_.Update(SnapshotOf(1, "/", false));
  EXPECT_EQ(runner_.open(), 0U);
  EXPECT_EQ(prober_.running(), 0U);
  EXPECT_TRUE(health->usable());
  loop_.Advance(seconds(60));
  EXPECT_EQ(runner_.open(), 0U);
}

TEST_F(ProberTest, ForgetsATargetThatWaitsForItsTurn) {
  prober_.Update(SnapshotOf(10));
  prober_.Update(SnapshotOf(2));
  prober_.Update(SnapshotOf(6));
  EXPECT_EQ(prober_.running(), 4U);
  EXPECT_EQ(runner_.AnswerAll(ProbeVerdict::kOk), 4U);
  EXPECT_EQ(runner_.AnswerAll(ProbeVerdict::kOk), 2U);
  EXPECT_EQ(runner_.open(), 0U);
}

TEST_F(ProberTest, CarriesStateOverAnUnrelatedChange) {
  const auto health = table_.Get("web", "127.0.0.1:8000");
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kFailed);
  prober_.Update(SnapshotOf(2));
  EXPECT_FALSE(health->usable());
  EXPECT_EQ(runner_.open(), 1U);  // the new one only
}

TEST_F(ProberTest, AsksAnewWhenTheCheckChangesAndKeepsTheState) {
  const auto health = table_.Get("web", "127.0.0.1:8000");
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kFailed);
  prober_.Update(SnapshotOf(1, "/health"));
  EXPECT_FALSE(health->usable());
  EXPECT_EQ(runner_.open(), 1U);
  EXPECT_EQ(runner_.specs.back().path, "/health");
}

TEST_F(ProberTest, LeavesDisabledBackendsAlone) {
  v1::Snapshot snapshot = SnapshotOf(2);
  snapshot.mutable_resources(0)->mutable_upstream()->mutable_backends(0)->set_state(v1::BACKEND_STATE_DISABLED);
  snapshot.mutable_resources(0)->mutable_upstream()->mutable_backends(1)->set_state(v1::BACKEND_STATE_DRAINING);
  prober_.Update(snapshot);
  EXPECT_EQ(runner_.made(), 1);
}

TEST_F(ProberTest, ShowsWhatItKnows) {
  prober_.Update(SnapshotOf(1));
  runner_.AnswerAll(ProbeVerdict::kOk, "status 200");
  const std::vector<ProbeStatus> status = prober_.Status();
  ASSERT_EQ(status.size(), 1U);
  EXPECT_EQ(status[0].state, HealthState::kHealthy);
  EXPECT_EQ(status[0].reason, "status 200");
}

TEST_F(ProberTest, StopsForGood) {
  prober_.Update(SnapshotOf(10));
  prober_.Stop();
  EXPECT_EQ(runner_.open(), 0U);
  loop_.Advance(seconds(60));
  EXPECT_EQ(runner_.open(), 0U);
}

TEST(ProbeSpec, TakesAnyTwoHundredByDefault) {
  ProbeSpec spec;
  EXPECT_TRUE(spec.Expects(204));
  EXPECT_FALSE(spec.Expects(301));
  spec.expected_statuses = {301, 404};
  EXPECT_TRUE(spec.Expects(404));
  EXPECT_FALSE(spec.Expects(200));
}

}  // namespace
}  // namespace switchyard::agent::health
