// Session: TLS on one connection, as the layer beneath a Socket.
//
// OpenSSL on the descriptor, without copies of its own: records are decrypted into the caller's buffer where it is large enough, and what
// is written is gathered into full records. An idle session gives its buffers back. Renegotiation is refused; post-handshake messages are
// dealt with in passing. An end without close_notify is an error, not an end: the peer's bytes may have been cut off.
//
// Thread-safety: its worker. Cost: as OpenSSL's; one system call per record. Memory: see docs/tls.md.
// Errors: Handshake's failure is a Cause; afterwards errors are IoResult's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/loop/transport_layer.h"
#include "agent/tls/client_context.h"
#include "agent/tls/server_context.h"
#include "common/base/cause.h"
#include "common/base/clock.h"

namespace switchyard::agent::tls {

class Session : public loop::TransportLayer {
 public:
  // `now` judges certificates of the peer. The descriptor stays the caller's. Null: out of memory.
  static std::unique_ptr<Session> Accept(const std::shared_ptr<const ServerContext>& context, int fd, WallTime now);
  // `slot` may be null (no resumption); it must outlive the session.
  static std::unique_ptr<Session> Connect(const std::shared_ptr<const ClientContext>& context, int fd, WallTime now, ClientSession* slot);

  // After a handshake that failed: why. Of the client's side (server) or the backend's (client).
  virtual Cause failure() const = 0;
  // After one that succeeded:
  virtual bool resumed() const = 0;
};

}  // namespace switchyard::agent::tls
