// Differences between snapshots: made by the controller, applied by agents.
//
// For all snapshots a and b (output-only fields cleared, as compiled): ApplyDelta(a, DiffSnapshots(a, b)) == b, and ApplyDelta(anything, FullDelta(b)) == b.
//
// Thread-safety: pure functions. Cost: linear in both snapshots (each changed resource is copied once); ApplyDelta also computes the digest
// of the result. Bounds: those of the snapshots.
#pragma once

#include "absl/status/statusor.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::config {

// The snapshot after `delta`. `base` is not changed. Errors (the agent then asks for a full one, `ConfigStatus.resync`):
// FAILED_PRECONDITION: `delta.from_generation` is not the generation of `base`; INVALID_ARGUMENT: it removes what is not there, or holds a
// resource without kind or name, or one key twice; DATA_LOSS: the digest of the result is not `delta.digest`.
absl::StatusOr<v1::Snapshot> ApplyDelta(const v1::Snapshot& base, const v1::ConfigDelta& delta);

// What turns `from` into `to`. REQUIRES: both sorted by kind, then name; `to.digest` set.
v1::ConfigDelta DiffSnapshots(const v1::Snapshot& from, const v1::Snapshot& to);

// The whole of `to`.
v1::ConfigDelta FullDelta(const v1::Snapshot& to);

}  // namespace switchyard::config
