#include "agent/health/verdict.h"

namespace switchyard::agent::health {

bool Verdict::Observe(ProbeVerdict result, const Thresholds& thresholds) {
  if (result == ProbeVerdict::kInconclusive) return false;
  const HealthState seen = result == ProbeVerdict::kOk ? HealthState::kHealthy : HealthState::kUnhealthy;
  if (seen == state_) {
    row_ = 0;
    return false;
  }
  const std::uint32_t needed = seen == HealthState::kHealthy ? thresholds.healthy : thresholds.unhealthy;
  if (state_ != HealthState::kUnknown && ++row_ < needed) return false;
  state_ = seen;
  row_ = 0;
  return true;
}

}  // namespace switchyard::agent::health
