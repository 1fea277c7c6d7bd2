// Goal: timers fire once, in order of their time, and not after Cancel or Stop. Method: the real thread with short waits; the tests wait on
// futures, never on time.
#include "controlplane/runtime/timers.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

namespace switchyard::controlplane::runtime {
namespace {
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TimerThread, RunsCallbacksInOrderOfTheirTime) {
  SystemClock clock;
  TimerThread timers(&clock);
  std::vector<int> order;  // written on the timer thread only
  std::promise<void> done;
  timers.After(milliseconds(20), [&] {
    order.push_back(2);
    done.set_value();
  });
  timers.After(milliseconds(1), [&] { order.push_back(1); });
  ASSERT_EQ(done.get_future().wait_for(seconds(10)), std::future_status::ready);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(TimerThread, ForgetsACancelledTimer) {
  SystemClock clock;
  TimerThread timers(&clock);
  auto held = std::make_shared<int>(1);
  const auto id = timers.After(hours(1), [held] {});
  timers.Cancel(id);
  EXPECT_EQ(held.use_count(), 1);
  timers.Cancel(id);
  timers.Cancel(0);
}

TEST(TimerThread, MayBeUsedFromWithinACallback) {
  SystemClock clock;
  TimerThread timers(&clock);
  std::promise<void> done;
  timers.After(milliseconds(1), [&] { timers.After(milliseconds(1), [&] { done.set_value(); }); });
  EXPECT_EQ(done.get_future().wait_for(seconds(10)), std::future_status::ready);
}

TEST(TimerThread, StopForgetsWhatIsPending) {
  SystemClock clock;
  auto held = std::make_shared<int>(1);
  TimerThread timers(&clock);
  timers.After(hours(1), [held] {});
  timers.Stop();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace switchyard::controlplane::runtime
