// Field rules of HealthCheck: its times, and what each kind of probe asks.
//
// Thread-safety: pure function. Cost: linear in the message. Source: proto/switchyard/v1/upstream.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::controlplane::validation {

// REQUIRES: the upstream has a health check.
void CheckHealthCheck(const v1::Upstream& upstream, Findings& out);

}  // namespace switchyard::controlplane::validation
