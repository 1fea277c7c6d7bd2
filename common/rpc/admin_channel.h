// Channels to the controller: TLS 1.3 with a client certificate, the controller's name checked whatever address is dialled.
//
// REQUIRES: tls::RequireTls13() was called before (the floor is process-wide). Limits and keepalive are those of transport_limits.h.
// Thread-safety: as grpc::Channel. Cost: no connection is made before the first call.
// Errors: none here; a wrong address, CA or certificate shows as UNAVAILABLE or UNAUTHENTICATED at the first call.
#pragma once

#include <memory>
#include <string>

#include "common/rpc/credential_file.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace switchyard::rpc {

// For yardctl and automation.
std::shared_ptr<grpc::Channel> AdminChannel(const Credential& credential);

// For an agent that has a certificate: same rules. For one that enrols: certificate and key empty.
struct ChannelIdentity {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};
std::shared_ptr<grpc::Channel> ControllerChannel(const std::string& address, const ChannelIdentity& identity);

}  // namespace switchyard::rpc
