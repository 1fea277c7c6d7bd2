#include "common/base/manual_loop.h"

#include <algorithm>
#include <cstdlib>

namespace switchyard {

class ManualLoop::ManualTimer final : public Loop::Timer {
 public:
  ManualTimer(std::weak_ptr<Timers> timers, Key key) : timers_(std::move(timers)), key_(key) {}
  ManualTimer(const ManualTimer&) = delete;
  ManualTimer& operator=(const ManualTimer&) = delete;
  ~ManualTimer() override {
    if (const auto timers = timers_.lock()) timers->erase(key_);
  }

 private:
  std::weak_ptr<Timers> timers_;
  Key key_;
};

ManualLoop::ManualLoop(ManualClock& clock) : clock_(clock), timers_(std::make_shared<Timers>()) {}

void ManualLoop::Post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
}

std::unique_ptr<Loop::Timer> ManualLoop::After(Duration delay, std::function<void()> work) {
  const Key key{clock_.Now() + std::max(delay, Duration::zero()), ++made_};
  timers_->emplace(key, std::move(work));
  return std::make_unique<ManualTimer>(timers_, key);
}

bool ManualLoop::RunOnePosted() {
  std::function<void()> work;
  {
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) return false;
    work = std::move(posted_.front());
    posted_.pop_front();
  }
  work();
  return true;
}

bool ManualLoop::RunOneTimer() {
  const auto first = timers_->begin();
  if (first == timers_->end() || first->first.first > clock_.Now()) return false;
  const std::function<void()> work = std::move(first->second);
  timers_->erase(first);
  work();
  return true;
}

std::size_t ManualLoop::RunReady() {
  std::size_t ran = 0;
  while (RunOnePosted() || RunOneTimer()) {
    if (++ran > 1'000'000) std::abort();
  }
  return ran;
}

void ManualLoop::Advance(Duration by) {
  const TimePoint end = clock_.Now() + by;
  RunReady();
  while (!timers_->empty() && timers_->begin()->first.first <= end) {
    clock_.Advance(std::max(timers_->begin()->first.first - clock_.Now(), Duration::zero()));
    RunReady();
  }
  clock_.Advance(std::max(end - clock_.Now(), Duration::zero()));
  RunReady();
}

}  // namespace switchyard
