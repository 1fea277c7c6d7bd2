// Field rules of SocketOptions, wherever they stand.
//
// Thread-safety: pure function. Cost: O(1). Source: proto/switchyard/v1/socket.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/socket.pb.h"

namespace switchyard::controlplane::validation {

// `at`: the path of the message.
void CheckSocket(Text at, const v1::SocketOptions& options, Findings& out);

}  // namespace switchyard::controlplane::validation
