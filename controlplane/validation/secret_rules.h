// The field rules of a Secret: what is in it, and whether it could be used at all at `now`. A reason never quotes a key.
//
// Thread-safety: pure functions. Cost: parsing and verifying its certificates, about 100 us each.
#pragma once

#include "common/base/clock.h"
#include "controlplane/validation/findings.h"

namespace switchyard::controlplane::validation {

void CheckSecret(const v1::Secret& secret, WallTime now, Findings& out);

}  // namespace switchyard::controlplane::validation
