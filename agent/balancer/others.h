// Others: what to make of the fleet's requests in flight at one backend, as they are told every 100 ms or so, and as old.
//
// Smoothed over a few overlays it says what lasts, which backends are slow and full. Taken as it comes, all agents follow the same chance: in tests/sim the
// even fleet of 100 agents is at 39 ms instead of 34 (p99), the uneven one at 213 instead of 120. What follows from it: by_turns.h.
//
// Pure. Thread-safety: one worker. Cost: O(1).
#pragma once

#include <algorithm>

namespace switchyard::agent::balancer {

class Others {
 public:
  static constexpr float kGain = 0.3F;

  // `fleet`: from all agents; `own`: this worker's part, which is in it.
  void Told(float fleet, float own) { mean_ += kGain * (std::max(0.0F, fleet - own) - mean_); }
  void Forget() { mean_ = 0; }
  float mean() const { return mean_; }

 private:
  float mean_ = 0;
};

}  // namespace switchyard::agent::balancer
