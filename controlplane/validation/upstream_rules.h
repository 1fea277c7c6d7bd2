// Field rules of Upstream: backends, balancer, probes, pool and connect deadline.
//
// Only what can be said of the resource alone; whether what it refers to exists is in references.h.
// Thread-safety: pure function. Cost: linear in the resource.
// Source: proto/switchyard/v1/upstream.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::controlplane::validation {

void CheckUpstream(const v1::Upstream& upstream, Findings& out);

}  // namespace switchyard::controlplane::validation
