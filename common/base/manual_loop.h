// ManualLoop: a Loop on simulated time, for tests and simulations. Nothing runs until told.
//
// Thread-safety: `Post` from any thread; everything else from one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "common/base/clock.h"
#include "common/base/loop.h"

namespace switchyard {

class ManualLoop final : public Loop {
 public:
  // `clock` is moved by Advance. It must outlive the loop and every timer.
  explicit ManualLoop(ManualClock& clock);

  void Post(std::function<void()> work) override;
  std::unique_ptr<Timer> After(Duration delay, std::function<void()> work) override;

  // Runs posted work and due timers until there is neither. Returns how many ran. At most 1,000,000, then it aborts: the work runs in circles.
  std::size_t RunReady();
  // Moves the clock by `by`, stopping at each timer on the way to run it and whatever it posts.
  void Advance(Duration by);
  // Timers that wait.
  std::size_t timers() const { return timers_->size(); }

 private:
  // Ordered by time, then by order of making.
  using Key = std::pair<TimePoint, std::uint64_t>;
  using Timers = std::map<Key, std::function<void()>>;
  class ManualTimer;

  bool RunOnePosted();
  bool RunOneTimer();

  ManualClock& clock_;
  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
  // Shared with the timers, which may outlive the loop.
  std::shared_ptr<Timers> timers_;
  std::uint64_t made_ = 0;
};

}  // namespace switchyard
