// Goal: what routes with trouble see is told apart from their first bad result until they are well again, nothing twice and nothing lost, in bounded room.
#include "agent/report/troubled_routes.h"

#include <gtest/gtest.h>

#include <chrono>

namespace switchyard::agent::report {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Result = TroubledRoutes::Result;

class TroubledRoutesTest : public testing::Test {
 protected:
  bool Succeed(std::uint64_t route, Duration took = milliseconds(5)) { return room_.Count(route, Result::kSucceeded, took, false, now_); }
  bool BeSlow(std::uint64_t route) { return room_.Count(route, Result::kSucceeded, seconds(1), true, now_); }
  bool Fail(std::uint64_t route) { return room_.Count(route, Result::kFailed, milliseconds(5), true, now_); }
  std::vector<RouteEvidence> Take() {
    std::vector<RouteEvidence> out;
    room_.Take(out, now_);
    return out;
  }

  TimePoint now_ = TimePoint(seconds(1'000));
  TroubledRoutes room_;
};

TEST_F(TroubledRoutesTest, ARouteIsToldApartFromItsFirstFailureOn) {
  EXPECT_FALSE(Succeed(1));
  EXPECT_TRUE(Fail(1));
  EXPECT_TRUE(Succeed(1));
  EXPECT_FALSE(Succeed(2)) << "another has no trouble";
  EXPECT_TRUE(room_.Count(1, Result::kUnanswered, {}, true, now_));
  const auto told = Take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].route, 1U);
  EXPECT_EQ(told[0].counts.succeeded, 1U);
  EXPECT_EQ(told[0].counts.failed, 1U);
  EXPECT_EQ(told[0].counts.unanswered, 1U);
  EXPECT_TRUE(Take().empty()) << "once";
}

TEST_F(TroubledRoutesTest, ARouteThatIsWellForTenSecondsIsNoMore) {
  Fail(1);
  BeSlow(2);
  now_ += seconds(10);
  Take();
  EXPECT_TRUE(Succeed(1));
  now_ += milliseconds(1);
  EXPECT_EQ(Take().size(), 1U) << "what it saw last is told still";
  EXPECT_TRUE(room_.empty());
  EXPECT_FALSE(Succeed(1));
}

TEST_F(TroubledRoutesTest, WhereNobodyAsksForCountsRoutesGoWithTheirLatencies) {
  Fail(1);
  now_ += seconds(11);
  EXPECT_EQ(room_.Latencies(now_).size(), 1U);
  EXPECT_TRUE(room_.empty());
}

TEST_F(TroubledRoutesTest, LatenciesAreOfAnswersAndToldOnce) {
  BeSlow(1);
  Succeed(1, milliseconds(5));
  room_.Count(1, Result::kUnanswered, seconds(2), true, now_);
  Fail(2);
  auto told = room_.Latencies(now_);
  ASSERT_EQ(told.size(), 2U);
  std::uint32_t all = 0;
  for (const std::uint32_t count : told[1].counts) all += count;
  EXPECT_EQ(all, 2U);
  // 5 ms and 1 s, in buckets of four per power of two microseconds.
  EXPECT_EQ(told[1].counts[49], 1U);
  EXPECT_EQ(told[1].counts[79], 1U);
  EXPECT_TRUE(room_.Latencies(now_).empty());
}

TEST_F(TroubledRoutesTest, LongAnswersCountAtTheEndAndInstantOnesAtTheBeginning) {
  CoarseLatency latency;
  latency.Record(std::chrono::hours(9));
  latency.Record({});
  latency.Record(-seconds(1));
  EXPECT_EQ(latency.counts.back(), 1U);
  EXPECT_EQ(latency.counts.front(), 2U);
}

TEST_F(TroubledRoutesTest, AFullRoomLetsAFailureTakeThePlaceOfOneThatWasOnlySlow) {
  for (std::uint64_t id = 1; id < TroubledRoutes::kMost; ++id) EXPECT_TRUE(Fail(id));
  EXPECT_TRUE(BeSlow(100));
  EXPECT_FALSE(BeSlow(101)) << "slow for slow is no gain";
  EXPECT_TRUE(Fail(102));
  EXPECT_FALSE(Fail(103)) << "so many routes fail: it is the backend";
  const auto told = Take();
  EXPECT_EQ(told.size(), TroubledRoutes::kMost + 1);
  EXPECT_EQ(told[0].route, 100U) << "what it saw is not lost";
  EXPECT_FALSE(Succeed(100));
}

}  // namespace
}  // namespace switchyard::agent::report
