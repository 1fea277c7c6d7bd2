// Goal: simulated time moves only when told, real time only forward. Method: readings before and after each move.
#include "common/base/clock.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, StandsStillUntilAdvanced) {
  ManualClock clock;
  const TimePoint now = clock.Now();
  const WallTime wall = clock.WallNow();
  EXPECT_EQ(clock.Now(), now);
  clock.Advance(1500ms);
  EXPECT_EQ(clock.Now() - now, 1500ms);
  EXPECT_EQ(clock.WallNow() - wall, 1500ms);
  clock.Advance(0ns);
  EXPECT_EQ(clock.Now() - now, 1500ms);
}

TEST(ManualClock, StartsWithTheYear2026) {
  EXPECT_EQ(ManualClock().WallNow(), WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)));
}

TEST(ManualClock, CivilTimeMayJumpWithoutTheMonotonicOne) {
  ManualClock clock;
  const TimePoint now = clock.Now();
  const WallTime earlier = clock.WallNow() - 24h;
  clock.SetWall(earlier);
  EXPECT_EQ(clock.WallNow(), earlier);
  EXPECT_EQ(clock.Now(), now);
  clock.Advance(1s);
  EXPECT_EQ(clock.WallNow(), earlier + 1s);
}

TEST(SystemClock, NeverGoesBack) {
  const SystemClock clock;
  TimePoint last = clock.Now();
  for (int i = 0; i < 10'000; ++i) {
    const TimePoint now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, ReadsCivilTimeOfThisEpoch) { EXPECT_GT(SystemClock().WallNow(), ManualClock().WallNow() - 10 * 365 * 24h); }

}  // namespace
}  // namespace switchyard
