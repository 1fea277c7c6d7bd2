#include "agent/upstream/dial.h"

#include "agent/tls/session.h"

namespace switchyard::agent::upstream {

bool StartTls(loop::Socket& socket, const Dial& dial, WallTime now) {
  std::unique_ptr<tls::Session> session = tls::Session::Connect(dial.tls->context, socket.fd(), now, dial.session);
  if (session == nullptr) return false;
  socket.SetLayer(std::move(session));
  socket.Handshake(/*peer_begins=*/false);
  return true;
}

// Only StartTls puts layers onto sockets of this room.
Cause TlsFailure(const loop::Socket& socket) { return static_cast<const tls::Session*>(socket.layer())->failure(); }

}  // namespace switchyard::agent::upstream
