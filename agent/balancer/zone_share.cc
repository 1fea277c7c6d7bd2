#include "agent/balancer/zone_share.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {
constexpr double kSpillAbove = 2.0;
constexpr double kReturnBelow = 1.5;
constexpr double kSpillStep = 0.05;
constexpr double kReturnStep = 0.01;
constexpr double kMostSpilled = 0.9;
constexpr double kUsualGain = 0.001;  // per step of 100 ms: 100 s
}  // namespace

void ZoneShare::Step(double usable, double fill, double latency) {
  there_ = std::clamp(usable / std::max(fill, 0.01), 0.0, 1.0);
  if (latency <= 0) return;
  if (usual_ <= 0) usual_ = latency;
  // What is usual comes down at once and goes up slowly, so that an overload does not become usual while it lasts.
  usual_ = latency < usual_ ? latency : usual_ + kUsualGain * (latency - usual_);
  if (latency > kSpillAbove * usual_) spilled_ = std::min(kMostSpilled, spilled_ + kSpillStep);
  if (latency < kReturnBelow * usual_) spilled_ = std::max(0.0, spilled_ - kReturnStep);
}

}  // namespace switchyard::agent::balancer
