// Held resources: the last good versions of what is in quarantine, kept in `Snapshot.held` so that a restart does not lose them.
//
// Thread-safety: pure functions. Cost: O(resources). Bounds: no more are held than there are resources in quarantine.
#pragma once

#include <vector>

#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::config {

// Fills `next.held`: for each resource that `violations` names, the version that served in `before`, where the resources in `quarantined` were those
// that did not. One that never served has none. `next` may be `before` itself.
void HoldLastGood(const v1::Snapshot& before, const std::vector<v1::Violation>& quarantined, const std::vector<v1::Violation>& violations,
                  v1::Snapshot& next);

// The snapshot with its held versions in the place of those in quarantine: what really served. Without digest.
v1::Snapshot LastServed(const v1::Snapshot& snapshot);

}  // namespace switchyard::agent::config
