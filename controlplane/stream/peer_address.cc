#include "controlplane/stream/peer_address.h"

namespace switchyard::controlplane::stream {
namespace {

void Replace(std::string& text, std::string_view what, std::string_view by) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
}

}  // namespace

std::string PeerAddress(std::string_view grpc_peer) {
  for (const std::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (!grpc_peer.starts_with(scheme)) continue;
    std::string text(grpc_peer.substr(scheme.size()));
    Replace(text, "%5B", "[");
    Replace(text, "%5D", "]");
    return text;
  }
  return std::string(grpc_peer);
}

}  // namespace switchyard::controlplane::stream
