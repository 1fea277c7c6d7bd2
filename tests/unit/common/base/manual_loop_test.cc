// The simulated loop is what other tests trust; here it is held against its contract by running small schedules.
#include "common/base/manual_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard {
namespace {

using std::chrono::milliseconds;

TEST(ManualLoop, RunsNothingUntilTold) {
  ManualClock clock;
  ManualLoop loop(clock);
  bool ran = false;
  loop.Post([&] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(loop.RunReady(), 1U);
  EXPECT_TRUE(ran);
}

TEST(ManualLoop, RunsTimersInOrderOfTimeThenOfMaking) {
  ManualClock clock;
  ManualLoop loop(clock);
  std::string order;
  const auto late = loop.After(milliseconds(20), [&] { order += 'c'; });
  const auto first = loop.After(milliseconds(10), [&] { order += 'a'; });
  const auto second = loop.After(milliseconds(10), [&] { order += 'b'; });
  loop.Advance(milliseconds(30));
  EXPECT_EQ(order, "abc");
}

TEST(ManualLoop, ShowsEachTimerItsOwnTime) {
  ManualClock clock;
  ManualLoop loop(clock);
  const TimePoint start = clock.Now();
  Duration seen{};
  const auto timer = loop.After(milliseconds(7), [&] { seen = clock.Now() - start; });
  loop.Advance(milliseconds(100));
  EXPECT_EQ(seen, Duration(milliseconds(7)));
  EXPECT_EQ(clock.Now() - start, Duration(milliseconds(100)));
}

TEST(ManualLoop, CancelsByDestroyingTheTimer) {
  ManualClock clock;
  ManualLoop loop(clock);
  bool ran = false;
  auto timer = loop.After(milliseconds(1), [&] { ran = true; });
  timer.reset();
  loop.Advance(milliseconds(10));
  EXPECT_FALSE(ran);
  EXPECT_EQ(loop.timers(), 0U);
}

TEST(ManualLoop, LetsATimerReplaceItself) {
  ManualClock clock;
  ManualLoop loop(clock);
  int ticks = 0;
  std::unique_ptr<Loop::Timer> timer;
  std::function<void()> tick = [&] {
    ++ticks;
    timer = loop.After(milliseconds(10), tick);
  };
  timer = loop.After(milliseconds(10), tick);
  loop.Advance(milliseconds(55));
  EXPECT_EQ(ticks, 5);
}

}  // namespace
}  // namespace switchyard
