// Goal: a timer fires never early and at most one tick late, whatever is set, moved and cancelled, also from within callbacks.
// Method: single cases first, then random operations against a plain map of deadlines, with a printed seed. Time is made up.
#include "agent/loop/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/random.h"

namespace switchyard::agent::loop {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint(hours(1000)) + Duration(12'345);

class Probe final : public Timer::Owner {
 public:
  explicit Probe(TimerWheel& wheel) : timer(wheel, *this) {}
  void OnTimer(Timer& /*timer*/) override {
    ++fired;
    if (then) then();
  }
  Timer timer;
  int fired = 0;
  std::function<void()> then;
};

// Advances from one NextDue to the next, as the event loop does, up to `until`. Returns the number of steps.
int RunUntil(TimerWheel& wheel, TimePoint until) {
  int steps = 0;
  for (auto due = wheel.NextDue(); due && *due <= until; due = wheel.NextDue(), ++steps) wheel.Advance(*due);
  wheel.Advance(until);
  return steps;
}

TEST(TimerWheel, FiresNeverEarlyAndAtMostOneTickLate) {
  for (const Duration delay : {Duration(1), Duration(milliseconds(4)), Duration(milliseconds(4)) + Duration(1),
                               Duration(milliseconds(1'019)), Duration(milliseconds(1'024)), Duration(seconds(5)), Duration(seconds(261)),
                               Duration(seconds(262)), Duration(seconds(263)), Duration(seconds(3'600)), Duration(hours(30))}) {
    SCOPED_TRACE(delay.count());
    TimerWheel wheel(kStart);
    Probe probe(wheel);
    probe.timer.Set(kStart + delay);
    RunUntil(wheel, kStart + delay - Duration(1));
    EXPECT_EQ(probe.fired, 0);
    EXPECT_TRUE(probe.timer.armed());
    RunUntil(wheel, kStart + delay + TimerWheel::kTick);
    EXPECT_EQ(probe.fired, 1);
    EXPECT_FALSE(probe.timer.armed());
    EXPECT_FALSE(wheel.NextDue().has_value());
  }
}

TEST(TimerWheel, DeadlineInThePastFiresAtTheNextTick) {
  TimerWheel wheel(kStart);
  wheel.Advance(kStart + seconds(10));
  Probe probe(wheel);
  probe.timer.Set(kStart);
  EXPECT_EQ(probe.fired, 0);
  wheel.Advance(kStart + seconds(10) + TimerWheel::kTick);
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheel, CancelledAndDestroyedTimersDoNotFire) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  probe.timer.Set(kStart + seconds(1));
  probe.timer.Cancel();
  EXPECT_FALSE(probe.timer.armed());
  {
    Probe gone(wheel);
    gone.timer.Set(kStart + seconds(1));
  }
  EXPECT_FALSE(wheel.NextDue().has_value());
  wheel.Advance(kStart + seconds(2));
  EXPECT_EQ(probe.fired, 0);
}

TEST(TimerWheel, AtRestItDoesNotFireAndIsSetAgainWhereItIsFiled) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  for (const Duration far : {Duration(seconds(1)), Duration(seconds(100))}) {
    const TimePoint begin = kStart + far * 10;
    wheel.Advance(begin);
    probe.timer.Set(begin + far);
    probe.timer.Rest();
    EXPECT_FALSE(probe.timer.armed());
    wheel.Advance(begin + far + seconds(2));
    EXPECT_EQ(std::exchange(probe.fired, 0), 0);
    EXPECT_FALSE(wheel.NextDue().has_value());

    const TimePoint again = begin + far + seconds(2);
    probe.timer.Set(again + far);
    probe.timer.Rest();
    probe.timer.Set(again + far + seconds(1));
    wheel.Advance(again + far);
    EXPECT_EQ(probe.fired, 0);
    wheel.Advance(again + far + seconds(2));
    EXPECT_EQ(std::exchange(probe.fired, 0), 1);
    EXPECT_FALSE(wheel.NextDue().has_value());
  }
}

TEST(TimerWheel, MovedLaterFiresOnceAtTheNewDeadline) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  for (int i = 1; i <= 1'000; ++i) {
    probe.timer.Set(kStart + milliseconds(i) + seconds(1));
    wheel.Advance(kStart + milliseconds(i));
  }
  wheel.Advance(kStart + milliseconds(1'999));
  EXPECT_EQ(probe.fired, 0);
  wheel.Advance(kStart + milliseconds(2'004));
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheel, MovedEarlierFiresAtTheNewDeadline) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  probe.timer.Set(kStart + seconds(100));
  probe.timer.Set(kStart + seconds(1));
  wheel.Advance(kStart + seconds(1) + TimerWheel::kTick);
  EXPECT_EQ(probe.fired, 1);
  wheel.Advance(kStart + seconds(200));
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheel, SetFromWithinFiresInALaterCall) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  probe.then = [&] { probe.timer.Set(kStart); };
  probe.timer.Set(kStart + milliseconds(10));
  wheel.Advance(kStart + seconds(10));
  EXPECT_EQ(probe.fired, 1);
  wheel.Advance(kStart + seconds(20));
  EXPECT_EQ(probe.fired, 2);
}

TEST(TimerWheel, CallbacksMayCancelAndDestroyOthersThatAreDue) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Probe>> probes;
  int fired = 0;
  for (int i = 0; i < 10; ++i) {
    probes.push_back(std::make_unique<Probe>(wheel));
    probes.back()->timer.Set(kStart + milliseconds(10));
  }
  // The first to fire ends the others: half are cancelled, half destroyed.
  for (auto& probe : probes) {
    probe->then = [&, self = probe.get()] {
      ++fired;
      for (std::size_t i = 0; i < probes.size(); ++i) {
        if (probes[i] == nullptr || probes[i].get() == self) continue;
        if (i % 2 == 0) {
          probes[i]->timer.Cancel();
        } else {
          probes[i].reset();
        }
      }
    };
  }
  wheel.Advance(kStart + seconds(1));
  EXPECT_EQ(fired, 1);
}

TEST(TimerWheel, CallbacksMayMoveOthersThatAreDue) {
  TimerWheel wheel(kStart);
  Probe a(wheel);
  Probe b(wheel);
  a.then = [&] { b.timer.Set(kStart + seconds(5)); };
  b.then = [&] { a.timer.Set(kStart + seconds(5)); };
  a.timer.Set(kStart + milliseconds(10));
  b.timer.Set(kStart + milliseconds(10));
  wheel.Advance(kStart + seconds(1));
  EXPECT_EQ(a.fired + b.fired, 1);
  a.then = b.then = nullptr;
  wheel.Advance(kStart + seconds(6));
  EXPECT_EQ(a.fired + b.fired, 2);
}

TEST(TimerWheel, OwnerMayDestroyItselfInItsCallback) {
  TimerWheel wheel(kStart);
  auto probe = std::make_unique<Probe>(wheel);
  probe->then = [&] { probe.reset(); };
  probe->timer.Set(kStart + milliseconds(10));
  wheel.Advance(kStart + seconds(1));
  EXPECT_EQ(probe, nullptr);
  EXPECT_FALSE(wheel.NextDue().has_value());
}

TEST(TimerWheel, FarDeadlineWakesTheLoopRarely) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  probe.timer.Set(kStart + hours(24));
  // A look every 262 s, then down the near wheel.
  EXPECT_LE(RunUntil(wheel, kStart + hours(25)), 24 * 3600 / 260 + 10);
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheel, IdleWheelIsReadyAfterManyDays) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  // Nothing was filed for 1,000 days, and nobody advanced it.
  const TimePoint now = kStart + hours(24'000);
  probe.timer.Set(now + seconds(3));
  for (int i = 0; i < 100; ++i) wheel.Advance(now + milliseconds(i));
  EXPECT_EQ(probe.fired, 0);
  wheel.Advance(now + seconds(3) + TimerWheel::kTick);
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheel, FiresInOrderOfTicks) {
  TimerWheel wheel(kStart);
  std::vector<int> order;
  std::vector<std::unique_ptr<Probe>> probes;
  for (const int ms : {500, 20, 5'000, 1, 1'200, 300'000}) {
    probes.push_back(std::make_unique<Probe>(wheel));
    probes.back()->then = [&order, ms] { order.push_back(ms); };
    probes.back()->timer.Set(kStart + milliseconds(ms));
  }
  wheel.Advance(kStart + seconds(400));
  EXPECT_EQ(order, (std::vector<int>{1, 20, 500, 1'200, 5'000, 300'000}));
}

// The wheel beside a map from deadline to timer.
class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    for (std::size_t i = 0; i < kTimers; ++i) {
      probes_.push_back(std::make_unique<Probe>(wheel_));
      probes_.back()->then = [this, i] { Fired(i); };
      where_.push_back(waiting_.end());
    }
  }

  void Run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      const std::size_t timer = random_.Below(kTimers);
      switch (random_.Below(4)) {
        case 0:
          Cancel(timer);
          break;
        case 1:
        case 2:
          Set(timer, now_ + RandomDelay());
          break;
        default:
          Advance();
      }
    }
  }

 private:
  static constexpr std::size_t kTimers = 60;
  using Waiting = std::multimap<TimePoint, std::size_t>;

  Duration RandomDelay() {
    static const Duration kSpans[] = {milliseconds(1), milliseconds(20), milliseconds(1'100), seconds(30), seconds(270), hours(2)};
    return Duration(random_.Below(static_cast<std::uint64_t>(kSpans[random_.Below(6)].count()))) - milliseconds(random_.Below(2));
  }

  // In the model a deadline in the past counts from now.
  void Set(std::size_t timer, TimePoint deadline) {
    Forget(timer);
    probes_[timer]->timer.Set(deadline);
    where_[timer] = waiting_.emplace(std::max(deadline, now_), timer);
  }
  void Cancel(std::size_t timer) {
    Forget(timer);
    probes_[timer]->timer.Cancel();
  }
  void Forget(std::size_t timer) {
    if (where_[timer] != waiting_.end()) waiting_.erase(where_[timer]);
    where_[timer] = waiting_.end();
  }

  void Fired(std::size_t timer) {
    ASSERT_NE(where_[timer], waiting_.end()) << "fired without being set";
    ASSERT_LE(where_[timer]->first, now_) << "fired early";
    Forget(timer);
    const std::size_t other = random_.Below(kTimers);
    switch (random_.Below(6)) {
      case 0:
        return Set(timer, now_ + RandomDelay());
      case 1:
        return Set(other, now_ + RandomDelay());
      case 2:
        return Cancel(other);
      default:
        return;
    }
  }

  void Advance() {
    const auto due = wheel_.NextDue();
    ASSERT_EQ(due.has_value() || waiting_.empty(), true) << "a timer waits and nobody would wake the loop";
    if (due && !waiting_.empty()) {
      ASSERT_LE(*due, waiting_.begin()->first + TimerWheel::kTick);
    }
    const Duration step = RandomDelay() + milliseconds(1);
    now_ = due && random_.Below(2) == 0 ? std::max(now_, *due) : now_ + step / static_cast<std::int64_t>(1 + random_.Below(20));
    wheel_.Advance(now_);
    // What was set from within counts from now, so it has its tick left.
    ASSERT_TRUE(waiting_.empty() || waiting_.begin()->first + TimerWheel::kTick > now_) << "late";
  }

  Random random_;
  TimePoint now_ = kStart;
  TimerWheel wheel_{kStart};
  Waiting waiting_;
  std::vector<Waiting::iterator> where_;
  std::vector<std::unique_ptr<Probe>> probes_;
};

TEST(TimerWheel, AgreesWithAMapOfDeadlinesUnderRandomUse) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random seeds(seed);
  for (int round = 0; round < 20; ++round) {
    Model model(seeds.Next());
    model.Run(20'000);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace switchyard::agent::loop
