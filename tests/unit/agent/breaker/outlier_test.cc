// Goal: outlier detection ejects by its rules, for longer each time, lets backends return step by step, and retry budgets hold.
// Method: single results on time that the test moves.
#include "agent/breaker/outlier.h"

#include <gtest/gtest.h>

#include <chrono>

#include "agent/breaker/retry_budget.h"

namespace switchyard::agent::breaker {
namespace {

using std::chrono::seconds;

class OutlierTest : public testing::Test {
 protected:
  OutlierTest() { policy_.on = true; }
  EjectReason Ended(Outcome outcome, int times = 1) {
    EjectReason last = EjectReason::kNone;
    for (int i = 0; i < times; ++i) last = outlier_.Ended(policy_, outcome, peers_error_, now_);
    return last;
  }
  Random random_{3};
  TimePoint now_ = TimePoint(seconds(1'000));
  double peers_error_ = 0;
  OutlierPolicy policy_;
  Outlier outlier_;
};

TEST_F(OutlierTest, FailuresInARowEject) {
  EXPECT_EQ(Ended(Outcome::kServerError, 4), EjectReason::kNone);
  EXPECT_EQ(Ended(Outcome::kSuccess), EjectReason::kNone);
  EXPECT_EQ(Ended(Outcome::kServerError, 4), EjectReason::kNone);
  EXPECT_EQ(Ended(Outcome::kServerError), EjectReason::kFailures);
}

TEST_F(OutlierTest, EachRuleCanBeUsedAlone) {
  policy_.failures = policy_.local_failures = 0;
  policy_.failure_share = 0;
  EXPECT_EQ(Ended(Outcome::kReset, 100), EjectReason::kNone);
  policy_.gateway_failures = 3;
  outlier_ = {};
  EXPECT_EQ(Ended(Outcome::kServerError, 10), EjectReason::kNone);
  EXPECT_EQ(Ended(Outcome::kGatewayError, 3), EjectReason::kGatewayFailures);
  policy_.gateway_failures = 0;
  policy_.local_failures = 2;
  outlier_ = {};
  EXPECT_EQ(Ended(Outcome::kGatewayError, 10), EjectReason::kNone);
  EXPECT_EQ(Ended(Outcome::kTimeout, 2), EjectReason::kLocalFailures);
}

TEST_F(OutlierTest, ShareOfFailuresMustAlsoBeTwiceThePeers) {
  policy_.failures = 0;
  peers_error_ = 0.4;
  for (int i = 0; i < 30; ++i) EXPECT_EQ(Ended(i % 3 == 0 ? Outcome::kSuccess : Outcome::kServerError), EjectReason::kNone);
  peers_error_ = 0.05;
  EXPECT_EQ(Ended(Outcome::kServerError), EjectReason::kFailureShare);
}

TEST_F(OutlierTest, EjectionDoublesAndIsForgivenStepByStep) {
  const auto length = [&] {
    outlier_.Eject(policy_, EjectReason::kFailures, now_, random_);
    const TimePoint from = now_;
    while (outlier_.ejected()) {
      now_ += std::chrono::milliseconds(50);
      outlier_.Tick(policy_, now_);
    }
    return std::chrono::duration<double>(now_ - from).count();
  };
  EXPECT_NEAR(length(), 5, 0.6);
  EXPECT_NEAR(length(), 10, 1.1);
  EXPECT_NEAR(length(), 20, 2.1);
  for (int i = 0; i < 3; ++i) {
    now_ += seconds(11);
    outlier_.Tick(policy_, now_);
  }
  EXPECT_NEAR(length(), 5, 0.6);
  EXPECT_EQ(outlier_.ejections(), 4U);
}

TEST_F(OutlierTest, ReturnsStepByStep) {
  EXPECT_EQ(outlier_.Share(now_), 1.0F);
  outlier_.Eject(policy_, EjectReason::kFailures, now_, random_);
  now_ += seconds(6);
  outlier_.Tick(policy_, now_);
  ASSERT_FALSE(outlier_.ejected());
  EXPECT_NEAR(outlier_.Share(now_), 0.1, 1e-6);
  EXPECT_NEAR(outlier_.Share(now_ + seconds(5)), 0.5, 1e-3);
  EXPECT_EQ(outlier_.Share(now_ + seconds(10)), 1.0F);
}

TEST_F(OutlierTest, TurnedOffLetsGo) {
  outlier_.Eject(policy_, EjectReason::kFailures, now_, random_);
  policy_.on = false;
  outlier_.Tick(policy_, now_);
  EXPECT_FALSE(outlier_.ejected());
}

TEST(RetryBudget, AllowsItsShareOfRequests) {
  RetryBudget budget;
  budget.Configure(0.2, 0);
  const TimePoint now(seconds(5));
  int retries = 0;
  for (int i = 0; i < 1'000; ++i) {
    budget.OnRequest();
    retries += budget.Take(now) ? 1 : 0;
  }
  EXPECT_NEAR(retries, 200, 1);
}

TEST(RetryBudget, AllowsAFewWhenThereIsLittleTraffic) {
  RetryBudget budget;
  budget.Configure(0, 10);
  TimePoint now(seconds(5));
  int retries = 0;
  for (int i = 0; i < 100; ++i) retries += budget.Take(now) ? 1 : 0;
  EXPECT_EQ(retries, 10);
  now += seconds(1);
  for (int i = 0; i < 100; ++i) retries += budget.Take(now) ? 1 : 0;
  EXPECT_EQ(retries, 20);
}

TEST(RetryBudget, ZeroIsNone) {
  RetryBudget budget;
  budget.Configure(0, 0);
  budget.OnRequest();
  EXPECT_FALSE(budget.Take(TimePoint(seconds(5))));
}

TEST(RetryBudget, SavesUpOnlySoMuch) {
  RetryBudget budget;
  budget.Configure(1, 0);
  for (int i = 0; i < 100'000; ++i) budget.OnRequest();
  int retries = 0;
  while (budget.Take(TimePoint(seconds(5)))) ++retries;
  EXPECT_EQ(retries, 100);
}

}  // namespace
}  // namespace switchyard::agent::breaker
