// Field rules of a route's policies: actions beside forward, and everything that shapes requests and responses.
//
// Thread-safety: pure function. Cost: linear in the resource; regular expressions are compiled. Source: proto/switchyard/v1/route.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/route.pb.h"

namespace switchyard::controlplane::validation {

void CheckRoutePolicies(const v1::Route& route, Findings& out);

}  // namespace switchyard::controlplane::validation
