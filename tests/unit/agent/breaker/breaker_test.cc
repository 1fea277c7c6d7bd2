// Goal: breakers open when a backend fails more than its peers, stay open while it does, and close when it no longer does; COUNT keeps to its
// knobs. Method: streams of results with a fixed error share on time that the test moves; seeds are fixed or printed.
#include "agent/breaker/breaker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace switchyard::agent::breaker {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class BreakerTest : public testing::Test {
 protected:
  void Attempt(Outcome outcome, Duration latency = milliseconds(5)) {
    breaker_.Tick(policy_, now_);
    if (breaker_.Bars(policy_)) return;
    const std::uint32_t ticket = breaker_.Started(policy_, now_);
    breaker_.Ended(policy_, ticket, {outcome, latency}, peers_, now_, random_);
  }
  void Attempts(int count, Outcome outcome) {
    for (int i = 0; i < count; ++i) Attempt(outcome);
  }
  // `rate` attempts per second for `time`; while half-open those that share and trials let through.
  void Run(Duration time, double rate, double error) {
    const Duration step = Duration(static_cast<Duration::rep>(1e9 / rate));
    for (const TimePoint end = now_ + time; now_ < end; now_ += step) {
      breaker_.Tick(policy_, now_);
      ++picks_;
      const bool trial = breaker_.TrialDue(now_, picks_);
      if (trial) picks_ = 0;
      if (!trial && random_.Unit() >= static_cast<double>(breaker_.Share())) continue;
      Attempt(random_.Unit() < error ? Outcome::kServerError : Outcome::kSuccess);
    }
  }

  const std::uint64_t seed_ = SecureSeed();
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  Random random_{seed_};
  TimePoint now_ = TimePoint(seconds(1'000));
  BreakerPolicy policy_;
  Peers peers_;
  Breaker breaker_;
  std::uint64_t picks_ = 0;
};

TEST_F(BreakerTest, EvidenceOpensAfterSixFailuresOrTwoRefusedConnections) {
  Attempts(2, Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  Attempts(1, Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kSoft);
  EXPECT_EQ(breaker_.Share(), 0.25F);
  Attempts(3, Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.reason(), Reason::kErrorRate);
  breaker_ = {};
  Attempts(2, Outcome::kConnectFailed);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, ReturnsAtAQuarterWhenProbesFindTheBackendWell) {
  Attempts(2, Outcome::kConnectFailed);
  breaker_.ProbesSay(false, now_);
  breaker_.Tick(policy_, now_);
  ASSERT_EQ(breaker_.state(), State::kOpen);
  breaker_.ProbesSay(true, now_);
  breaker_.Tick(policy_, now_);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(breaker_.Share(), 0.25F);
  // Of a breaker that is closed it changes nothing.
  breaker_ = {};
  breaker_.ProbesSay(true, now_);
  breaker_.Tick(policy_, now_);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  // Nor does what they found before it opened.
  Attempts(6, Outcome::kServerError);
  breaker_.Tick(policy_, now_);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, SuspicionOfBeforeEndsWithTheReturn) {
  for (const bool fleet : {false, true}) {
    breaker_ = {};
    Attempts(1, Outcome::kConnectFailed);
    ASSERT_EQ(breaker_.state(), State::kSoft);
    if (fleet) {
      breaker_.Follow(policy_, now_);
    } else {
      breaker_.ProbesSay(false, now_);
      EXPECT_EQ(breaker_.state(), State::kSoft);
      breaker_.ProbesSay(true, now_);
    }
    EXPECT_EQ(breaker_.state(), State::kClosed);
    EXPECT_TRUE(breaker_.Forgotten());
  }
}

TEST_F(BreakerTest, ProbesStandForTrialsAlsoWhenTheOpenTimeIsOver) {
  Attempts(2, Outcome::kConnectFailed);
  breaker_.ProbesSay(false, now_);
  now_ += seconds(20);
  breaker_.Tick(policy_, now_);
  ASSERT_EQ(breaker_.state(), State::kHalfOpen);
  ASSERT_EQ(breaker_.Share(), 0.01F);
  breaker_.ProbesSay(true, now_);
  EXPECT_EQ(breaker_.Share(), 0.25F);
}

// Flapping each second with probes that see it: the first two returns are quick, then it has to stay up for longer each time.
TEST_F(BreakerTest, AFlappingBackendIsBelievedEverLess) {
  int returns = 0;
  for (int round = 0; round < 150; ++round) {
    if (breaker_.state() != State::kOpen) ++returns;
    Attempts(6, Outcome::kConnectFailed);
    breaker_.ProbesSay(false, now_);
    now_ += seconds(1);
    breaker_.ProbesSay(true, now_);
    Run(seconds(1), 100, 0);
  }
  EXPECT_LE(returns, 8) << "in five minutes";
  EXPECT_GE(returns, 3);
  // Once it stays up it is back, if later than the first time.
  const TimePoint up = now_;
  while (breaker_.state() != State::kClosed && now_ - up < minutes(5)) Run(milliseconds(100), 100, 0);
  EXPECT_LE(now_ - up, minutes(3));
}

TEST_F(BreakerTest, TheLastStageGrowsWithTheProofAndNeitherJumpsNorWaits) {
  for (const double rate : {4.0, 25.0, 2'000.0}) {
    breaker_ = {};
    Attempts(2, Outcome::kConnectFailed);
    breaker_.ProbesSay(false, now_);
    breaker_.ProbesSay(true, now_);
    const TimePoint mended = now_;
    float before = 0.25F;
    while (breaker_.state() != State::kClosed && now_ - mended < seconds(30)) {
      Run(milliseconds(50), rate, 0);
      if (rate > 100 && now_ - mended < milliseconds(500)) {
        EXPECT_LE(breaker_.Share(), 0.7F) << "no jump";
      }
      EXPECT_GE(breaker_.Share(), before);
      before = breaker_.Share();
    }
    EXPECT_GE(now_ - mended, seconds(1)) << rate;
    EXPECT_LE(now_ - mended, rate < 10 ? milliseconds(6'500) : milliseconds(3'200)) << rate;
  }
}

TEST_F(BreakerTest, FollowsTheFleetsShareAndClosesByItsWord) {
  Attempts(6, Outcome::kServerError);
  breaker_.Follow(policy_, now_);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(breaker_.Share(), 1.0F) << "the fleet's share is the smaller one";
  EXPECT_FALSE(breaker_.TrialDue(now_ + seconds(9), 1'000)) << "the fleet says how much is tried";
  Attempts(20, Outcome::kSuccess);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen) << "it waits for the fleet";
  breaker_.FollowedToTheEnd(now_);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_EQ(breaker_.closed(), 1U);
}

TEST_F(BreakerTest, KeepsToItsOwnEvidenceAgainstTheFleets) {
  Attempts(6, Outcome::kServerError);
  breaker_.Follow(policy_, now_);
  Attempts(2, Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kOpen) << "its own path is sick";
  breaker_.FollowedToTheEnd(now_);
  breaker_.Tick(policy_, now_);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  // One failure and a few successes: not open, not closed, on the way at its own share.
  breaker_.Follow(policy_, now_);
  Attempts(1, Outcome::kServerError);
  breaker_.FollowedToTheEnd(now_);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(breaker_.Share(), 0.25F);
}

TEST_F(BreakerTest, TrialsOfTheFleetAreNoNewOffence) {
  Attempts(6, Outcome::kServerError);
  for (int round = 0; round < 20; ++round) {
    breaker_.Follow(policy_, now_);
    if (round % 2 == 0) {
      Attempts(2, Outcome::kServerError);
    } else {
      breaker_.FollowedInVain(policy_, now_);
    }
    ASSERT_EQ(breaker_.state(), State::kOpen);
  }
  // The controller is gone: its own time, of a first offence.
  now_ += seconds(6);
  breaker_.Tick(policy_, now_);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(breaker_.opened(), 1U);
}

TEST_F(BreakerTest, EvidenceNeverOpensWhereAllFail) {
  peers_.error = 0.5;
  Run(minutes(1), 100, 1.0);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  peers_.error = 0.1;  // usual for all: the same share is nobody's fault
  Run(minutes(1), 100, 0.1);
  EXPECT_EQ(breaker_.opened(), 0U);
}

TEST_F(BreakerTest, EvidenceWaitsWhenNoCapacityIsLeft) {
  peers_.may_open = false;
  Attempts(100, Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kSoft);
  peers_.may_open = true;
  Attempt(Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, EvidenceSlowCallsOpen) {
  peers_.latency = 0.05;
  for (int i = 0; i < 10; ++i) Attempt(Outcome::kSuccess, milliseconds(150));
  EXPECT_EQ(breaker_.state(), State::kClosed);
  for (int i = 0; i < 6; ++i) Attempt(Outcome::kSuccess, milliseconds(250));
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.reason(), Reason::kSlowCalls);
}

TEST_F(BreakerTest, EvidenceIsQuietAtUsualErrors) {
  Run(minutes(10), 250, 0.01);
  EXPECT_EQ(breaker_.opened(), 0U);
}

// The measure of hysteresis: a steady error share gives at most two changes in ten minutes.
TEST_F(BreakerTest, EvidenceDoesNotFlapAtASteadyErrorShare) {
  for (const double error : {0.2, 0.4, 0.5, 0.6, 0.8, 1.0}) {
    breaker_ = {};
    Run(minutes(10), 250, error);
    EXPECT_LE(breaker_.opened() + breaker_.closed(), 2U) << error;
    EXPECT_GE(breaker_.opened(), 1U) << error;
  }
}

TEST_F(BreakerTest, SingleProbeBreakerDoesFlap) {
  policy_.mode = Mode::kCount;
  policy_.open_timeout = seconds(5);
  policy_.success_threshold = policy_.half_open_max_requests = 1;
  policy_.failure_threshold = 1'000;
  Run(minutes(10), 250, 0.6);
  EXPECT_GT(breaker_.opened() + breaker_.closed(), 20U);
}

TEST_F(BreakerTest, EvidenceIsBackWithinFiveSecondsOfTheNextTry) {
  Attempts(6, Outcome::kServerError);
  ASSERT_EQ(breaker_.opened(), 1U);
  now_ += seconds(6);
  const TimePoint mended = now_;
  while (breaker_.closed() == 0 && now_ - mended < seconds(30)) Run(milliseconds(100), 200, 0);
  EXPECT_LE(now_ - mended, seconds(5));
}

TEST_F(BreakerTest, EvidenceOpenTimeDoubles) {
  Attempts(6, Outcome::kServerError);
  Duration before = seconds(5);
  for (int round = 0; round < 4; ++round) {
    const TimePoint opened = now_;
    while (breaker_.state() == State::kOpen) {
      now_ += milliseconds(100);
      breaker_.Tick(policy_, now_);
    }
    EXPECT_NEAR(std::chrono::duration<double>(now_ - opened).count(), std::chrono::duration<double>(before).count() * 1.0,
                std::chrono::duration<double>(before).count() * 0.13);
    before *= 2;
    Attempts(2, Outcome::kServerError);
    ASSERT_EQ(breaker_.state(), State::kOpen);
  }
  EXPECT_EQ(breaker_.opened(), 1U);
}

TEST_F(BreakerTest, TrialsAreFewButAtLeastOneASecond) {
  Attempts(6, Outcome::kServerError);
  now_ += seconds(6);
  breaker_.Tick(policy_, now_);
  ASSERT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_TRUE(breaker_.TrialDue(now_, 0));
  const std::uint32_t ticket = breaker_.Started(policy_, now_);
  EXPECT_FALSE(breaker_.TrialDue(now_ + seconds(5), 1'000)) << "one at a time";
  breaker_.Ended(policy_, ticket, {Outcome::kSuccess, milliseconds(1)}, peers_, now_, random_);
  EXPECT_FALSE(breaker_.TrialDue(now_ + milliseconds(99), 1'000));
  EXPECT_FALSE(breaker_.TrialDue(now_ + milliseconds(999), 19));
  EXPECT_TRUE(breaker_.TrialDue(now_ + milliseconds(100), 20));
  EXPECT_TRUE(breaker_.TrialDue(now_ + seconds(1), 1));
}

TEST_F(BreakerTest, LateResultsOfAnEarlierStateDoNotCount) {
  const std::uint32_t early = breaker_.Started(policy_, now_);
  Attempts(6, Outcome::kServerError);
  now_ += seconds(6);
  breaker_.Tick(policy_, now_);
  for (int i = 0; i < 10; ++i) breaker_.Ended(policy_, early, {Outcome::kServerError, {}}, peers_, now_, random_);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
}

TEST_F(BreakerTest, CountOpensAtFailuresInARowAndNotBefore) {
  policy_.mode = Mode::kCount;
  Attempts(4, Outcome::kReset);
  Attempt(Outcome::kSuccess);
  Attempts(4, Outcome::kReset);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  Attempt(Outcome::kReset);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.reason(), Reason::kFailuresInARow);
}

TEST_F(BreakerTest, CountOpensAtTheErrorRateOfAtLeastTheMinimum) {
  policy_.mode = Mode::kCount;
  for (int i = 0; i < 18; ++i) Attempt(i % 2 == 0 ? Outcome::kSuccess : Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  Attempt(Outcome::kSuccess);
  Attempt(Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.reason(), Reason::kErrorRate);
}

TEST_F(BreakerTest, CountForgetsWhatIsOlderThanTheWindow) {
  policy_.mode = Mode::kCount;
  policy_.failure_threshold = 1'000;
  Attempts(19, Outcome::kServerError);
  now_ += seconds(11);
  Attempts(19, Outcome::kSuccess);
  Attempt(Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, CountOpensAtSlowCalls) {
  policy_.mode = Mode::kCount;
  policy_.slow_call = milliseconds(100);
  policy_.slow_rate = 0.5;
  for (int i = 0; i < 20; ++i) Attempt(Outcome::kSuccess, i % 2 == 0 ? milliseconds(1) : milliseconds(101));
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.reason(), Reason::kSlowCalls);
}

TEST_F(BreakerTest, CountLetsThreeTryAtATimeAndClosesAfterThreeSuccesses) {
  policy_.mode = Mode::kCount;
  policy_.open_timeout = seconds(30);
  Attempts(5, Outcome::kServerError);
  now_ += seconds(29);
  breaker_.Tick(policy_, now_);
  EXPECT_TRUE(breaker_.Bars(policy_));
  now_ += seconds(1);
  breaker_.Tick(policy_, now_);
  ASSERT_EQ(breaker_.state(), State::kHalfOpen);
  std::uint32_t ticket = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(breaker_.Bars(policy_));
    ticket = breaker_.Started(policy_, now_);
  }
  EXPECT_TRUE(breaker_.Bars(policy_));
  for (int i = 0; i < 3; ++i) breaker_.Ended(policy_, ticket, {Outcome::kSuccess, {}}, peers_, now_, random_);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, CountGoesBackToOpenAtOneFailure) {
  policy_.mode = Mode::kCount;
  Attempts(5, Outcome::kServerError);
  now_ += policy_.open_timeout;
  breaker_.Tick(policy_, now_);
  Attempt(Outcome::kSuccess);
  Attempt(Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.opened(), 1U);
}

TEST_F(BreakerTest, AbandonedTrialsGiveTheirPlaceBack) {
  policy_.mode = Mode::kCount;
  Attempts(5, Outcome::kServerError);
  now_ += policy_.open_timeout;
  breaker_.Tick(policy_, now_);
  for (int i = 0; i < 20; ++i) Attempt(Outcome::kAbandoned);
  EXPECT_FALSE(breaker_.Bars(policy_));
}

TEST_F(BreakerTest, AnOperatorOverrulesIt) {
  breaker_.SetForce(Force::kOpen);
  EXPECT_TRUE(breaker_.Bars(policy_));
  EXPECT_EQ(breaker_.reason(), Reason::kForced);
  breaker_.SetForce(Force::kClosed);
  Attempts(100, Outcome::kServerError);
  EXPECT_FALSE(breaker_.Bars(policy_));
  EXPECT_EQ(breaker_.Share(), 1.0F);
  breaker_.SetForce(Force::kNone);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, OffDoesNothingAndForgets) {
  Attempts(6, Outcome::kServerError);
  policy_.mode = Mode::kOff;
  breaker_.Tick(policy_, now_);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  Attempts(100, Outcome::kServerError);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, AClockThatJumpsKeepsItWithinItsStates) {
  for (int i = 0; i < 20'000; ++i) {
    now_ = TimePoint(seconds(random_.Below(100'000)));
    policy_.mode = static_cast<Mode>(random_.Below(3));
    breaker_.Tick(policy_, now_);
    const std::uint32_t ticket = breaker_.Started(policy_, now_);
    peers_.may_open = random_.Below(2) == 0;
    breaker_.Ended(policy_, ticket + static_cast<std::uint32_t>(random_.Below(2)),
                   {static_cast<Outcome>(random_.Below(7)), milliseconds(random_.Below(1'000))}, peers_, now_, random_);
    ASSERT_GE(breaker_.Share(), 0.01F);
    ASSERT_LE(breaker_.Share(), 1.0F);
    ASSERT_LE(breaker_.closed(), breaker_.opened());
  }
}

}  // namespace
}  // namespace switchyard::agent::breaker
