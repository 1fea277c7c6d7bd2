// The responses that Switchyard makes itself: status, `x-switchyard-cause` and a line for people, all from the cause.
//
// Thread-safety: pure. The reply views static text and its own body.
#pragma once

#include <string>
#include <vector>

#include "agent/codec/head.h"
#include "common/base/cause.h"

namespace switchyard::agent::exchange {

struct LocalReply {
  std::uint16_t status = 500;
  std::vector<codec::Header> headers;
  std::string body;
};

// REQUIRES: the cause has a status (see cause.h).
LocalReply MakeLocalReply(Cause cause);
// The same for gRPC: status 200, `grpc-status` and `grpc-message`, no body (a trailers-only response).
LocalReply MakeGrpcReply(Cause cause);

}  // namespace switchyard::agent::exchange
