// FleetService.Top: live figures per upstream and backend, from the agents' reports.
//
// Thread-safety: any thread. Cost: see feedback::Aggregator::Top. Errors: INVALID_ARGUMENT (window outside 1s-60s).
#pragma once

#include "absl/status/statusor.h"
#include "controlplane/feedback/aggregator.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::TopResponse> HandleTop(const feedback::Aggregator& aggregator, const v1::TopRequest& request);

}  // namespace switchyard::controlplane::admin
