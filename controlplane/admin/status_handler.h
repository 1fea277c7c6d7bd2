// FleetService.Status: where a generation is live, and where not, and why.
//
// Thread-safety: any thread. Cost: O(agents) and one read of the store. Errors: NOT_FOUND (generation never was, or is no longer in the
// bounded history), the store's. Before the first commit the answer for generation 0 is empty and complete.
#pragma once

#include "absl/status/statusor.h"
#include "controlplane/store/store.h"
#include "controlplane/stream/session_registry.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::StatusResponse> HandleStatus(const store::Store& store, const stream::SessionRegistry& registry,
                                                const v1::StatusRequest& request);

}  // namespace switchyard::controlplane::admin
