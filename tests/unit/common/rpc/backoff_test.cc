// Goal: waits stay within the promised envelope and differ between agents. Method: many draws from fixed seeds.
#include "common/rpc/backoff.h"

#include <gtest/gtest.h>

namespace switchyard::rpc {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, CeilingDoublesUntilTheMaximum) {
  Backoff backoff({.initial = milliseconds(100), .max = seconds(1), .multiplier = 2.0}, 7);
  for (const auto expected : {100, 200, 400, 800, 1000, 1000}) {
    EXPECT_EQ(backoff.ceiling(), milliseconds(expected));
    backoff.Next();
  }
}

TEST(Backoff, DrawsEachWaitFromZeroToTheCeiling) {
  Backoff backoff({.initial = milliseconds(100), .max = milliseconds(100)}, 7);
  Duration lowest = seconds(1), highest = Duration::zero();
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = backoff.Next();
    lowest = std::min(lowest, wait);
    highest = std::max(highest, wait);
  }
  EXPECT_GE(lowest, Duration::zero());
  EXPECT_LT(lowest, milliseconds(10));
  EXPECT_GT(highest, milliseconds(90));
  EXPECT_LE(highest, milliseconds(100));
}

TEST(Backoff, SpreadsTwoClientsThatFailedTogether) {
  Backoff a({}, 1), b({}, 2);
  EXPECT_NE(a.Next(), b.Next());
}

TEST(Backoff, StartsAgainAfterSuccess) {
  Backoff backoff({.initial = milliseconds(100), .max = seconds(10)}, 7);
  for (int i = 0; i < 5; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_EQ(backoff.ceiling(), milliseconds(100));
}

TEST(Backoff, HoldsTheMaximumWhateverTheNumberOfFailures) {
  Backoff backoff({.initial = seconds(1), .max = std::chrono::hours(24 * 365), .multiplier = 1e9}, 7);
  for (int i = 0; i < 10'000; ++i) EXPECT_LE(backoff.Next(), std::chrono::hours(24 * 365));
}

TEST(Backoff, TakesAnInitialAboveTheMaximumAsTheMaximum) {
  Backoff backoff({.initial = seconds(5), .max = seconds(1)}, 7);
  EXPECT_EQ(backoff.ceiling(), seconds(1));
}

}  // namespace
}  // namespace switchyard::rpc
