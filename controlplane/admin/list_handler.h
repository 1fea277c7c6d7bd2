// FleetService.List: resources by kind and label, in order of kind and name, paged.
//
// A page ends at `page_size` resources or at kMaxPageBytes, whichever comes first, so an answer always fits a message; a page may thus be
// shorter than asked although more follow.
// Thread-safety: any thread. Cost: O(resources from the token on, until the page is full). Errors: INVALID_ARGUMENT (token).
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

inline constexpr std::size_t kMaxPageBytes = std::size_t{16} << 20;

absl::StatusOr<v1::ListResponse> HandleList(const store::Store& store, const v1::ListRequest& request);

}  // namespace switchyard::controlplane::admin
