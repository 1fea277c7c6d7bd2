// Others: what to make of the fleet's requests in flight at one backend, as they are told every 100 ms or so, and as old.
//
// Taken at its word the count would make things worse: all agents see the same old figure and go to the same places (herding), most where the fleet is small
// or even. Smoothed over a few overlays here, and counted at a fifth where it is beyond what chance explains (peak_ewma.cc), it says what lasts, which backends
// are slow and full, and no more. Simulated in tests/sim (`uneven`, `even`), p99 of 20 and 100 agents, ms: 137 and 272 on the uneven fleet (without
// 147 and 566), 33 and 40 on the even one (without 33 and 38). Counted at a fifth whatever chance explains: 133 and 262, but 36 and 53 on the even fleet.
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
