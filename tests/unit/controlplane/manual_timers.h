// ManualTimers: timers that a test moves by hand, together with a ManualClock.
//
// Thread-safety: every method from any thread. Callbacks run on the thread that calls Advance.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "common/base/clock.h"
#include "controlplane/runtime/timers.h"

namespace switchyard::controlplane {

class ManualTimers final : public runtime::Timers {
 public:
  explicit ManualTimers(ManualClock* clock) : clock_(clock) {}

  Id After(Duration wait, std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    timers_.emplace(++last_id_, std::pair(clock_->Now() + wait, std::move(callback)));
    return last_id_;
  }

  void Cancel(Id id) override {
    const std::lock_guard lock(mutex_);
    timers_.erase(id);
  }

  // Moves the clock, then runs what is due, in order of creation; also what that made due at once.
  void Advance(Duration by) {
    clock_->Advance(by);
    while (auto due = TakeDue()) due();
  }

  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return timers_.size();
  }

 private:
  std::function<void()> TakeDue() {
    const std::lock_guard lock(mutex_);
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->second.first > clock_->Now()) continue;
      auto callback = std::move(it->second.second);
      timers_.erase(it);
      return callback;
    }
    return nullptr;
  }

  ManualClock* clock_;
  std::mutex mutex_;
  Id last_id_ = 0;
  std::map<Id, std::pair<TimePoint, std::function<void()>>> timers_;
};

}  // namespace switchyard::controlplane
