// Others: what to make of the fleet's requests in flight at one backend, as they are told every 100 ms or so, and as old.
//
// Taken at its word the count would make things worse: all agents see the same old figure and go to the same places (herding), most where the fleet is small
// or even. Smoothed over a few overlays, and counted at a fifth, it says what lasts, which backends are slow and full, and no more. Simulated in
// tests/sim (`uneven`): p99 of 100 agents 252 ms instead of 588, of 20 agents 131 as before, on an even fleet 36 instead of 33; as told 276, 258, 89.
//
// Pure. Thread-safety: one worker. Cost: O(1).
#pragma once

#include <algorithm>

namespace switchyard::agent::balancer {

class Others {
 public:
  static constexpr float kGain = 0.3F;
  static constexpr float kPart = 0.2F;

  // `fleet`: from all agents; `own`: this worker's part, which is in it.
  void Told(float fleet, float own) { mean_ += kGain * (std::max(0.0F, fleet - own) - mean_); }
  void Forget() { mean_ = 0; }
  // What counts like requests of our own.
  float counted() const { return kPart * mean_; }

 private:
  float mean_ = 0;
};

}  // namespace switchyard::agent::balancer
