// FleetService.Overview: the newest second's golden signals, and what needs a person first.
//
// Attention is worked out from what the controller knows anyway: backends down or ejected, errors, agents away, in quarantine or behind, certificates that
// end soon, a history that cannot be written. The worst comes first; equal ones by subject.
// Thread-safety: any thread. Cost: O(agents + upstreams).
#pragma once

#include <cstdint>

#include "common/base/clock.h"
#include "controlplane/admin/info_handler.h"
#include "controlplane/fleet/fleet_loop.h"
#include "controlplane/history/recorder.h"
#include "controlplane/kubernetes/found_backends.h"
#include "controlplane/store/store.h"
#include "controlplane/stream/session_registry.h"
#include "switchyard/v1/series.pb.h"

namespace switchyard::controlplane::admin {

// All outlive the call.
struct OverviewSources {
  const Clock* clock = nullptr;
  const store::Store* store = nullptr;
  const stream::SessionRegistry* registry = nullptr;
  const history::Recorder* recorder = nullptr;
  // Null: nothing is looked up in Kubernetes.
  const kubernetes::FoundBackends* found = nullptr;
  // Null: verdicts are left out.
  const fleet::FleetLoop* fleet = nullptr;
};

v1::OverviewResponse HandleOverview(const ControllerFacts& facts, const OverviewSources& sources);

}  // namespace switchyard::controlplane::admin
