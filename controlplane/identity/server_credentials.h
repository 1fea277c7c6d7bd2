// The controller's server side of TLS: asks every client for a certificate, sends its own leaf with the CA behind it, and puts the Gate in
// front of every call.
//
// A client without a certificate gets through the handshake, because Enroll must be reachable; the Gate turns it away from all else.
// The leaf is read again from the authority's files every `reload`, so `Authority::RotateServerLeaf` needs no restart.
//
// REQUIRES: tls::RequireTls13() was called before: that is what refuses TLS 1.2.
// Thread-safety: the result is for one ServerBuilder. Cost: one thread of gRPC that looks at two files every `reload`.
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "controlplane/identity/authority.h"
#include "controlplane/identity/gate.h"

namespace grpc {
class ServerCredentials;
}  // namespace grpc

namespace switchyard::controlplane::identity {

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Authority& authority, std::shared_ptr<Gate> gate,
                                                               Duration reload = std::chrono::seconds(30));

}  // namespace switchyard::controlplane::identity
