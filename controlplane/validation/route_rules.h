// Field rules of Route: listeners, hosts, matches, the split and the deadlines.
//
// Only what can be said of the resource alone; whether what it refers to exists is in references.h.
// Thread-safety: pure function. Cost: linear in the resource.
// Source: proto/switchyard/v1/route.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/route.pb.h"

namespace switchyard::controlplane::validation {

void CheckRoute(const v1::Route& route, Findings& out);

}  // namespace switchyard::controlplane::validation
