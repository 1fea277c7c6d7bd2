#include "agent/l4/open_connection.h"

#include <unistd.h>

#include <memory>

#include "agent/l4/proxy_intake.h"
#include "agent/l4/tunnel_connection.h"
#include "agent/listener/server_connection.h"
#include "agent/listener/tls_handshake.h"

namespace switchyard::agent::l4 {

using snapshot::ListenerProtocol;

void OpenConnection(const WorkerParts& parts, const loop::Ref<listener::ListenerState>& listener, const Arrival& arrival) {
  listener->Current().config->socket.Set(arrival.fd);
  if (!arrival.refuse && listener->Current().config->proxy_in.required) {
    const loop::Ref<ProxyIntake> intake(new ProxyIntake(parts, listener));
    return intake->Open(arrival);
  }
  ServeConnection(parts, listener, arrival);
}

namespace {

std::unique_ptr<exchange::ClientAddresses> AnnouncedOf(const Arrival& arrival) {
  if (!arrival.announced) return nullptr;
  return std::make_unique<exchange::ClientAddresses>(exchange::ClientAddresses{arrival.client, arrival.destination});
}

void ServeTls(const WorkerParts& parts, const loop::Ref<listener::ListenerState>& listener, const Arrival& arrival) {
  if (arrival.refuse) {
    // A client that is told nothing costs no handshake.
    listener->CountConnection(Cause::kTooManyConnections);
    ::close(arrival.fd);
    return;
  }
  const loop::Ref<listener::TlsHandshake> handshake(new listener::TlsHandshake(parts.loop, listener));
  handshake->Begin(arrival.fd, arrival.peer, AnnouncedOf(arrival));
}

}  // namespace

void ServeConnection(const WorkerParts& parts, const loop::Ref<listener::ListenerState>& listener, const Arrival& arrival) {
  switch (listener->Current().config->protocol) {
    case ListenerProtocol::kTcp:
    case ListenerProtocol::kTlsPassthrough: {
      const loop::Ref<TunnelConnection> tunnel(new TunnelConnection(parts, listener));
      return tunnel->Open(arrival);
    }
    case ListenerProtocol::kHttp:
      break;
  }
  if (listener->Current().config->tls != nullptr) return ServeTls(parts, listener, arrival);
  const loop::Ref<listener::ServerConnection> connection(new listener::ServerConnection(parts.loop, listener));
  connection->Open({arrival.fd, arrival.peer, nullptr, AnnouncedOf(arrival)}, arrival.refuse);
}

}  // namespace switchyard::agent::l4
