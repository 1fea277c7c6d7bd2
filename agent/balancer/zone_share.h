// ZoneShare: which part of a tier's requests stays in the agent's own zone, by capacity that is there and capacity that is measured.
//
// There: all of it while at least `fill` of the zone's weight is usable, then in proportion. Measured: when the zone's typical latency is twice
// what it has been over the last minutes, the zone is beyond its capacity and 5 points per step go elsewhere; they come back one by one when
// latency is below 1.5 times. The gap between the two is the hysteresis. At least 10 % stays, so that recovery can be seen.
// Thread-safety: one worker. Cost: arithmetic; one step per Refresh of the selection's medians (100 ms).
#pragma once

namespace switchyard::agent::balancer {

class ZoneShare {
 public:
  // `usable`: share of the zone's weight that may take traffic; `latency`: typical of the zone now, in seconds, 0: unknown.
  void Step(double usable, double fill, double latency);
  double local() const { return there_ * (1 - spilled_); }

 private:
  double there_ = 1;
  double spilled_ = 0;
  double usual_ = 0;  // latency over minutes
};

}  // namespace switchyard::agent::balancer
