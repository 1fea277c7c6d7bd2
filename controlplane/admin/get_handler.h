// FleetService.Get: one resource of the newest catalog.
//
// Thread-safety: any thread. Cost: O(log n). Errors: INVALID_ARGUMENT (no kind or name), NOT_FOUND (names the resource).
#pragma once

#include "absl/status/statusor.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::Resource> HandleGet(const store::Store& store, const v1::GetRequest& request);

}  // namespace switchyard::controlplane::admin
