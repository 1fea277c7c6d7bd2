// Timers: "call me later", so that nothing in the controller polls and tests decide when later is.
//
// `TimerThread` is the real one: one thread, driven by the injected clock. Callbacks run on that thread, one at a time, and must be quick
// (they hand longer work to a WorkQueue).
// Thread-safety: every method from any thread, also from within a callback.
// Bounds: the owner of a timer bounds their number (one or two per stream, one per waiter). Cost: O(log n) per call.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "common/base/clock.h"

namespace switchyard::controlplane::runtime {

class Timers {
 public:
  // 0 is never the id of a timer.
  using Id = std::uint64_t;
  virtual ~Timers() = default;

  // Calls `callback` once, not before `wait` has passed.
  virtual Id After(Duration wait, std::function<void()> callback) = 0;
  // The callback does not start any more; it may be running right now, so it must hold what it uses (a weak pointer, say).
  // Unknown ids and 0 are ignored.
  virtual void Cancel(Id id) = 0;
};

class TimerThread final : public Timers {
 public:
  // `clock` outlives this.
  explicit TimerThread(const Clock* clock);
  // As Stop.
  ~TimerThread() override;

  Id After(Duration wait, std::function<void()> callback) override;
  void Cancel(Id id) override;
  // Forgets every timer and ends the thread. REQUIRES: not called from a callback.
  void Stop();

 private:
  using Due = std::multimap<TimePoint, std::pair<Id, std::function<void()>>>;

  void Run();

  const Clock* clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  Id last_id_ = 0;
  Due due_;
  std::unordered_map<Id, Due::iterator> by_id_;
  std::thread thread_;
};

}  // namespace switchyard::controlplane::runtime
