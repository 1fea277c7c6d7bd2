// Verdict: how a row of probe results becomes healthy or unhealthy.
//
// Rule: the first conclusive probe of a backend decides alone (a new backend should neither wait for traffic nor get it untested). After
// that, `unhealthy_threshold` failures in a row make a healthy backend unhealthy, and `healthy_threshold` successes in a row make it healthy
// again; one result of the other kind starts the row anew. An inconclusive probe (this host was short of sockets, say) counts as nothing:
// trouble of ours says nothing about the backend.
//
// Thread-safety: a value with one owner. Cost: O(1). Pure: no clock, no network.
#pragma once

#include <cstdint>

#include "agent/health/health_table.h"

namespace switchyard::agent::health {

enum class ProbeVerdict : std::uint8_t { kOk, kFailed, kInconclusive };

struct Thresholds {
  std::uint32_t unhealthy = 3;
  std::uint32_t healthy = 2;
  friend bool operator==(const Thresholds&, const Thresholds&) = default;
};

class Verdict {
 public:
  // Counts one probe. True when the state changed.
  bool Observe(ProbeVerdict result, const Thresholds& thresholds);
  // Forgets the row, keeps the state: for a check whose terms changed.
  void RestartRow() { row_ = 0; }
  HealthState state() const { return state_; }
  // Results in a row against the present state.
  std::uint32_t row() const { return row_; }

 private:
  HealthState state_ = HealthState::kUnknown;
  std::uint32_t row_ = 0;
};

}  // namespace switchyard::agent::health
