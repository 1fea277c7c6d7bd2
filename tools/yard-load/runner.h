// Runner: carries a plan out on its own threads and sums up.
//
// Thread-safety: Start, Stop, Wait and live() from one thread each; live() may be read while it runs.
// Bounds: memory is fixed by connections and the bounds of Tally, whatever the server does.
// Errors: Start returns NOT_FOUND when a target's name cannot be looked up. Everything later is counted, not returned.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "tools/yard-load/plan.h"
#include "tools/yard-load/tally.h"

namespace switchyard::tools::load {

struct Summary {
  Tally tally;
  WallTime started;      // end of the warm-up; zero of the timeline
  Duration measured{0};  // from there to the end of the last request
};

class Runner {
 public:
  struct Live {
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    bool done = false;
  };
  virtual ~Runner() = default;
  // `clock` must outlive the runner and be a real one: sockets do not know any other time.
  static absl::StatusOr<std::unique_ptr<Runner>> Start(const Plan& plan, const Clock& clock);
  // Intends no further request; those already due are still made, for at most Plan::timeout.
  virtual void Stop() = 0;
  virtual Live live() const = 0;
  // Joins the threads.
  virtual Summary Wait() = 0;
};

}  // namespace switchyard::tools::load
