// Overrides: operators' words on backends, kept in the store so that a restart of the controller does not undo them.
//
// One record per (upstream, backend) in section `override`; those that have ended are deleted when they are next read. An override names what the
// configuration has at the time; should the backend go and come back, it holds again until it ends.
// Thread-safety: any thread. Bounds: at most kMost records. Errors: INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED, and the store's.
#pragma once

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/fleet/fleet_loop.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

inline constexpr std::size_t kMostOverrides = 1'000;

// Stores and sets it.
absl::StatusOr<v1::SetOverrideResponse> HandleSetOverride(store::Store& store, fleet::FleetLoop& fleet, const Clock& clock,
                                                          const v1::SetOverrideRequest& request);
// Sets what is stored and has not ended. After a start, and when the configuration has changed. Returns how many hold.
absl::StatusOr<std::size_t> RestoreOverrides(store::Store& store, fleet::FleetLoop& fleet, const Clock& clock);

}  // namespace switchyard::controlplane::admin
