// Goal: failures of one route are held while the rest of the backend is well, and charged to the backend as soon as it is not; the room is
// bounded and empties itself. Method: results of named routes, in order, on time that the test moves.
#include "agent/breaker/route_breakers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace switchyard::agent::breaker {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RouteBreakersTest : public testing::Test {
 protected:
  static RouteName Named(std::uint64_t id) {
    static std::vector<std::string> names(1'000);
    names[id] = "r" + std::to_string(id);
    return {id, names[id]};
  }
  // As the picker does it. Returns what the backend is charged with, this failure included.
  std::uint32_t Fail(std::uint64_t id) {
    RouteBreaker* one = room_.Find(id);
    if (one == nullptr) one = room_.Add(Named(id));
    const std::uint32_t charged = room_.Count(id, true, false, now_);
    if (!one->RestFails()) {
      one->Hold(now_);
      return charged;
    }
    return charged + one->Release(now_) + 1;
  }
  void Succeed(std::uint64_t id, int times = 1) {
    for (int i = 0; i < times; ++i) EXPECT_EQ(room_.Count(id, false, false, now_), 0);
  }

  TimePoint now_ = TimePoint(seconds(1'000));
  BreakerPolicy policy_;
  RouteBreakers room_;
  Random random_{1};
};

TEST_F(RouteBreakersTest, OneRouteThatFailsChargesNobodyElse) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Fail(1), 0) << i;
    Succeed(2, 3);
  }
}

TEST_F(RouteBreakersTest, ASecondRouteThatFailsMakesEveryFailureTheBackends) {
  std::uint32_t charged = 0;
  for (int i = 0; i < 3; ++i) charged += Fail(1) + Fail(2);
  EXPECT_EQ(charged, 6);
}

TEST_F(RouteBreakersTest, WhatOneRouteSawAloneIsChargedWhenTwoOthersFail) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Fail(1), 0);
  // The first one shows that it may be the backend: itself, and one that was held. The second one leaves no doubt.
  EXPECT_EQ(Fail(2), 2);
  EXPECT_EQ(Fail(3), 1 + 5);
}

TEST_F(RouteBreakersTest, AStrayFailureOfAnotherReleasesOne) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Fail(1), 0);
  Succeed(2, 120);
  EXPECT_EQ(Fail(2), 1) << "its own is held, for the rest has been well for long";
  Succeed(2, 10);
  EXPECT_EQ(Fail(1), 1) << "the stray one, for its own rest fails";
  EXPECT_EQ(Fail(1), 0);
}

TEST_F(RouteBreakersTest, WhatWasHeldForLongIsForgotten) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Fail(1), 0);
  now_ += seconds(6);
  EXPECT_EQ(Fail(2), 1);
}

TEST_F(RouteBreakersTest, AHeldFailureIsChargedOnce) {
  RouteBreaker* one = room_.Add(Named(1));
  for (int i = 0; i < 3; ++i) one->Hold(now_);
  EXPECT_EQ(one->Release(now_), 0);
  one->OnRest(true);
  EXPECT_EQ(one->Release(now_), 1);
  one->OnRest(true);
  EXPECT_EQ(one->Release(now_), 2);
  EXPECT_EQ(one->Release(now_), 0);
}

TEST_F(RouteBreakersTest, AFullRoomRefusesUnlessSomebodyHasNothingHeldAgainstIt) {
  for (std::uint64_t id = 1; id <= RouteBreakers::kMost; ++id) {
    RouteBreaker* one = room_.Add(Named(id));
    ASSERT_NE(one, nullptr);
    one->breaker.Ended(policy_, Breaker::kFirstTicket, {Outcome::kServerError, {}}, {}, now_, random_);
  }
  EXPECT_EQ(room_.Add(Named(500)), nullptr);
  // Nineteen good results outweigh a failure.
  for (int i = 0; i < 40; ++i) room_.Find(7)->breaker.Ended(policy_, Breaker::kFirstTicket, {Outcome::kSuccess, {}}, {}, now_, random_);
  EXPECT_NE(room_.Add(Named(500)), nullptr);
  EXPECT_EQ(room_.Find(7), nullptr);
  EXPECT_EQ(room_.all().size(), RouteBreakers::kMost);
}

TEST_F(RouteBreakersTest, ARouteThatIsWellForAMinuteIsForgotten) {
  Fail(1);
  now_ += seconds(59);
  EXPECT_FALSE(room_.Forget(policy_, now_));
  now_ += seconds(1);
  EXPECT_TRUE(room_.Forget(policy_, now_));
  EXPECT_TRUE(room_.all().empty());
}

TEST_F(RouteBreakersTest, AnOpenBreakerIsKeptUntilNobodyHasAskedForLong) {
  RouteBreaker* one = room_.Add(Named(1));
  for (int i = 0; i < 6; ++i) {
    Fail(1);
    one->breaker.Ended(policy_, Breaker::kFirstTicket, {Outcome::kServerError, {}}, {}, now_, random_);
  }
  ASSERT_EQ(one->breaker.state(), State::kOpen);
  now_ += minutes(5);
  EXPECT_FALSE(room_.Forget(policy_, now_));
  now_ += minutes(5);
  EXPECT_TRUE(room_.Forget(policy_, now_));
}

TEST_F(RouteBreakersTest, OneFailureIsNoShare) {
  Fail(1);
  EXPECT_LT(room_.Find(1)->ErrorShare(), 0.3);
  for (int i = 0; i < 5; ++i) Fail(1);
  EXPECT_GT(room_.Find(1)->ErrorShare(), 0.5);
}

}  // namespace
}  // namespace switchyard::agent::breaker
