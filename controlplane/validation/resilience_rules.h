// The rules of breakers, outlier detection, bulkheads and retries of an upstream.
//
// Thread-safety: pure. Cost: O(conditions).
#pragma once

#include "controlplane/validation/findings.h"

namespace switchyard::controlplane::validation {

void CheckResilience(const v1::Upstream& upstream, Findings& out);

}  // namespace switchyard::controlplane::validation
