#include "controlplane/runtime/timers.h"

#include <algorithm>
#include <utility>

namespace switchyard::controlplane::runtime {
namespace {
// The longest single sleep; keeps a deadline far away from overflowing the system's timed wait.
constexpr Duration kLongestSleep = std::chrono::hours(1);
}  // namespace

TimerThread::TimerThread(const Clock* clock) : clock_(clock), thread_([this] { Run(); }) {}

TimerThread::~TimerThread() { Stop(); }

Timers::Id TimerThread::After(Duration wait, std::function<void()> callback) {
  const TimePoint at = clock_->Now() + std::max(wait, Duration::zero());
  const std::lock_guard lock(mutex_);
  const Id id = ++last_id_;
  const auto it = due_.emplace(at, std::pair(id, std::move(callback)));
  by_id_.emplace(id, it);
  if (it == due_.begin()) wake_.notify_one();
  return id;
}

void TimerThread::Cancel(Id id) {
  std::function<void()> dropped;  // destroyed outside the lock: it may own the last reference to something that cancels timers
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return;
  dropped = std::move(it->second->second.second);
  due_.erase(it->second);
  by_id_.erase(it);
}

void TimerThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  Due rest;
  const std::lock_guard lock(mutex_);
  rest.swap(due_);
  by_id_.clear();
}

void TimerThread::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (due_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const Duration left = due_.begin()->first - clock_->Now();
    if (left > Duration::zero()) {
      wake_.wait_for(lock, std::min(left, kLongestSleep));
      continue;
    }
    auto [id, callback] = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    by_id_.erase(id);
    lock.unlock();
    callback();
    callback = nullptr;
    lock.lock();
  }
}

}  // namespace switchyard::controlplane::runtime
