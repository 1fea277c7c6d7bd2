// FleetService.Explain: what the fleet's loop has on a backend, and what the agents' own breakers say beside it.
//
// Thread-safety: any thread. Cost: see fleet::FleetLoop::Explain; the breakers are those of Aggregator::Breakers. Errors: those of FleetLoop::Explain.
#pragma once

#include "absl/status/statusor.h"
#include "controlplane/feedback/aggregator.h"
#include "controlplane/fleet/fleet_loop.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::ExplainResponse> HandleExplain(const fleet::FleetLoop& fleet, const feedback::Aggregator& aggregator,
                                                  const v1::ExplainRequest& request);

}  // namespace switchyard::controlplane::admin
