// Field rules of Listener: address, port, protocol, selector and the limits of HTTP.
//
// Only what can be said of the resource alone; whether what it refers to exists is in references.h.
// Thread-safety: pure function. Cost: linear in the resource.
// Source: proto/switchyard/v1/listener.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/listener.pb.h"

namespace switchyard::controlplane::validation {

void CheckListener(const v1::Listener& listener, Findings& out);

}  // namespace switchyard::controlplane::validation
