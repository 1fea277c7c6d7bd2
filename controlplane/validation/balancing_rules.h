// The rules of how an upstream's backends are picked: slow start, zones, hash keys, sessions.
// Breakers, outlier detection, bulkheads and retries have their own file, resilience_rules.h.
//
// Thread-safety: pure. Cost: O(sources).
#pragma once

#include "controlplane/validation/findings.h"

namespace switchyard::controlplane::validation {

void CheckBalancing(const v1::Upstream& upstream, Findings& out);

}  // namespace switchyard::controlplane::validation
