// Goal: the sum leaves out the loudest agent and the loudest route, takes back what is withdrawn, and forgets routes beyond its bounds without losing what
// they said. Method: contributions given one by one.
#include "controlplane/fleet/suspicion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace switchyard::controlplane::fleet {
namespace {

class SuspicionTest : public testing::Test {
 protected:
  void Fail(std::uint32_t agent, std::uint64_t route, double times = 1) { sum_.Add(marks_[agent], agent, 0, times, {}, route); }
  void Succeed(std::uint32_t agent, std::uint64_t route, double times = 1) { sum_.Add(marks_[agent], agent, times, 0, {}, route); }
  // What one failure is worth.
  const double one_ = std::log(5.0);

  std::map<std::uint32_t, Suspicion::Mark> marks_;
  Suspicion sum_;
};

TEST_F(SuspicionTest, WithoutRoutesItIsTheSumWithoutTheLoudestAgent) {
  Fail(1, 0, 3);
  Fail(2, 0, 2);
  Fail(3, 0, 1);
  EXPECT_NEAR(sum_.sum(), 6 * one_, 1e-9);
  EXPECT_NEAR(sum_.robust(), 3 * one_, 1e-9);
}

TEST_F(SuspicionTest, ARouteThatFailsAloneSaysNothing) {
  for (std::uint32_t agent = 1; agent <= 10; ++agent) Fail(agent, 7);
  EXPECT_EQ(sum_.robust(), 0);
  ASSERT_NE(sum_.loudest(), nullptr);
  EXPECT_EQ(sum_.loudest()->id, 7U);
  EXPECT_NEAR(sum_.loudest()->against, 10 * one_, 1e-9);
}

TEST_F(SuspicionTest, OneAgentMoreThatFailsElsewhereIsNotEnoughTwoAre) {
  for (std::uint32_t agent = 1; agent <= 10; ++agent) Fail(agent, 7);
  Fail(11, 8, 5);
  EXPECT_EQ(sum_.robust(), 0);
  Fail(12, 9);
  EXPECT_NEAR(sum_.robust(), one_ + Suspicion::kHeadStart, 1e-9);
}

TEST_F(SuspicionTest, WhatIsOfNoRouteSpeaksForEveryRest) {
  for (std::uint32_t agent = 1; agent <= 10; ++agent) Fail(agent, 7);
  Fail(1, 0);
  Fail(2, 0);
  EXPECT_GT(sum_.robust(), Suspicion::kHeadStart);
}

TEST_F(SuspicionTest, WhereOthersWereWellTheyMustProveTheWhole) {
  for (std::uint32_t agent = 1; agent <= 10; ++agent) Fail(agent, 7, 2);
  Succeed(1, 0, 200);
  EXPECT_NEAR(sum_.loudest()->rest, -Suspicion::kHeadStart, 1e-9);
  for (std::uint32_t agent = 1; agent <= 4; ++agent) Fail(agent, 8);
  EXPECT_EQ(sum_.robust(), 0);
  for (std::uint32_t agent = 5; agent <= 7; ++agent) Fail(agent, 8);
  EXPECT_NEAR(sum_.robust(), 6 * one_, 1e-9);
}

TEST_F(SuspicionTest, AsSprtARouteThatFailsAloneDoesNotKeepTheSumUp) {
  sum_.Reset(/*may_fall=*/true);
  for (std::uint32_t agent = 1; agent <= 5; ++agent) Fail(agent, 7, 2);
  Succeed(1, 0, 60);
  EXPECT_LT(sum_.robust(), -4.6);
}

TEST_F(SuspicionTest, WhatIsWithdrawnIsUnsaidOfItsRoutesToo) {
  Fail(1, 7, 3);
  Fail(1, 8, 2);
  Fail(2, 7);
  Fail(3, 8);
  sum_.Withdraw(marks_[1]);
  EXPECT_NEAR(sum_.sum(), 2 * one_, 1e-9);
  EXPECT_EQ(sum_.witnesses(), 2U);
  for (const Suspicion::Route& route : sum_.routes()) {
    EXPECT_NEAR(route.against, one_, 1e-9);
    EXPECT_NEAR(route.rest, one_, 1e-9);
  }
  EXPECT_NEAR(sum_.robust(), 0, 1e-9);
}

TEST_F(SuspicionTest, AtZeroAllIsForgotten) {
  Fail(1, 7);
  Succeed(1, 7, 100);
  EXPECT_EQ(sum_.sum(), 0);
  EXPECT_TRUE(sum_.routes().empty());
  EXPECT_TRUE(sum_.contributions().empty());
  Succeed(1, 7, 100);
  EXPECT_TRUE(sum_.contributions().empty());
}

TEST_F(SuspicionTest, BeyondTheBoundTheQuietestRouteIsNoneAnyMore) {
  for (std::uint64_t route = 1; route <= Suspicion::kMostRoutes; ++route) Fail(static_cast<std::uint32_t>(route % 3), route, route == 5 ? 0.1 : 0.5);
  const double before = sum_.sum();
  Fail(4, 1'000, 0.5);
  EXPECT_EQ(sum_.routes().size(), Suspicion::kMostRoutes);
  EXPECT_NEAR(sum_.sum(), before + 0.5 * one_, 1e-9);
  bool gone = true;
  bool there = false;
  for (const Suspicion::Route& route : sum_.routes()) {
    gone = gone && route.id != 5;
    there = there || route.id == 1'000;
  }
  EXPECT_TRUE(gone);
  EXPECT_TRUE(there);
  // What was said of it is the agent's still.
  double unnamed = 0;
  for (const Suspicion::Contribution& one : sum_.contributions()) unnamed += one.against;
  EXPECT_NEAR(unnamed, 0.1 * one_, 1e-9);
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
