// The other end's address as people write it, from gRPC's peer text (`ipv4:10.0.0.1:5000`, `ipv6:%5B::1%5D:5000`).
//
// Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>

namespace switchyard::controlplane::stream {

// `10.0.0.1:5000`, `[::1]:5000`; any other text unchanged.
std::string PeerAddress(std::string_view grpc_peer);

}  // namespace switchyard::controlplane::stream
