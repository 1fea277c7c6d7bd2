// FleetService.History: committed generations, newest first, paged; or one generation with its resources.
//
// Thread-safety: any thread. Cost: a read of the store per page. Errors: INVALID_ARGUMENT (token), NOT_FOUND (generation never was, or is no
// longer in the bounded history), the store's.
#pragma once

#include "absl/status/statusor.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::HistoryResponse> HandleHistory(const store::Store& store, const v1::HistoryRequest& request);

}  // namespace switchyard::controlplane::admin
