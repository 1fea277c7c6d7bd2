// The past of resources, from the history: what differs between two generations, and the change that goes back to one.
//
// The history keeps what each generation left, so a state is found by walking back to the last generation that touched the resource. Walking
// is bounded by kMaxWalk generations; what is not found by then, or fell out of the bounded history, is unknown: a diff says so, and going
// back refuses, because it would leave half of the fleet in the present.
// Thread-safety: any thread. Cost: one read of the store per generation walked. Errors: INVALID_ARGUMENT (order), NOT_FOUND (generation never
// was, or is no longer in the history), RESOURCE_EXHAUSTED (too far), the store's.
#pragma once

#include "absl/status/statusor.h"
#include "controlplane/admin/change_intent.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/access.pb.h"

namespace switchyard::controlplane::admin {

inline constexpr std::uint64_t kMaxWalk = 5000;

absl::StatusOr<v1::DiffResponse> HandleDiff(const store::Store& store, const v1::DiffRequest& request);

// What a Rollback would do now; `expected_generation` is always set, so that a change in between is no part of it. An intent without resources:
// everything is as it was then.
absl::StatusOr<Intent> IntentOf(const store::Store& store, const v1::RollbackRequest& request, const std::string& credential);

}  // namespace switchyard::controlplane::admin
