// Backoff: how long to wait before trying again, so that a fleet coming back does not stampede.
//
// Rule ("full jitter"): wait = uniform(0, min(max, initial * multiplier^failures)). The average wait doubles with each failure, and two
// agents that lost the same controller at the same instant come back at different times.
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
//
// Thread-safety: one owner. Units: Duration (ns). Cost: O(1), no allocation. Bounds: never above `max`; the exponent stops growing there.
#pragma once

#include <cstdint>

#include "common/base/clock.h"
#include "common/base/random.h"

namespace switchyard::rpc {

struct BackoffOptions {
  Duration initial = std::chrono::milliseconds(200);
  // A lost controller is asked at least this often, on average twice as often.
  Duration max = std::chrono::seconds(5);
  // REQUIRES: >= 1.
  double multiplier = 2.0;
};

class Backoff {
 public:
  Backoff(BackoffOptions options, std::uint64_t seed);

  // The wait before the next try. Each call counts as one more failure.
  Duration Next();
  // After a success: the next failure starts from `initial` again.
  void Reset();
  // The present upper end of the draw; for logs and tests.
  Duration ceiling() const { return ceiling_; }

 private:
  BackoffOptions options_;
  Random random_;
  Duration ceiling_;
};

}  // namespace switchyard::rpc
