// Loop: where control work runs: posted work and timers, one after the other, on one thread.
//
// Everything of an agent that is not the request path (probes, reports, the controller stream's bookkeeping) runs on one Loop, so that it
// needs no locks. Logic takes a `Loop&`; the agent gives it an event loop on its control thread, tests give it a ManualLoop.
//
// Thread-safety: `Post` from any thread; `After` and the destruction of a Timer only on the loop's own thread (or before it runs).
// Bounds: the queue is as long as what its users post; each user states its own bound.
// Errors: none. Work must not throw and must not block.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"

namespace switchyard {

class Loop {
 public:
  // A piece of work that waits for its time. Destroying it cancels: the work then never runs. It may be destroyed by its own work.
  class Timer {
   public:
    virtual ~Timer() = default;
  };

  virtual ~Loop() = default;
  // Runs `work` soon, in the order of posting, never within the call.
  virtual void Post(std::function<void()> work) = 0;
  // Runs `work` once, `delay` from now (never within the call; a negative delay counts as zero).
  [[nodiscard]] virtual std::unique_ptr<Timer> After(Duration delay, std::function<void()> work) = 0;
};

}  // namespace switchyard
