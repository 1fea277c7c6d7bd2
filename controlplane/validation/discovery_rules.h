// Field rules of Upstream.discovery: names, ports, times to live, resolvers, paths.
//
// Thread-safety: pure function. Cost: linear in the message. Source: proto/switchyard/v1/upstream.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::controlplane::validation {

void CheckDiscovery(const v1::Upstream& upstream, Findings& out);

}  // namespace switchyard::controlplane::validation
