// ProbeTargets: which backends of a snapshot are to be probed, and how.
//
// Every ACTIVE and DRAINING backend of every upstream that has a health check; DISABLED ones are left alone. Defaults and bounds come from
// common/config/limits.h. A backend whose address or check cannot be read is left out: validation has refused it, and so does the
// snapshot's builder, which says why.
//
// Thread-safety: pure function. Cost: linear in the snapshot. Bounds: the snapshot's.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "agent/health/probe.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::health {

struct ProbeTarget {
  Endpoint endpoint;
  ProbeSpec spec;
  Duration interval = std::chrono::seconds(2);
  // While results speak against the present state.
  Duration suspicious_interval = std::chrono::milliseconds(500);
  Thresholds thresholds;
  friend bool operator==(const ProbeTarget&, const ProbeTarget&) = default;
};

// (upstream name, backend address as configured)
using BackendKey = std::pair<std::string, std::string>;

std::map<BackendKey, ProbeTarget> ProbeTargetsOf(const v1::Snapshot& snapshot);

}  // namespace switchyard::agent::health
