// Dial: how a connection to a backend is made: where to, how long, and with which TLS.
//
// Thread-safety: a value; `session` belongs to the pool's worker. A connection calls StartTls when TCP is up; the socket then tells
// OnHandshake, and TlsFailure says why it failed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/loop/socket.h"
#include "agent/loop/socket_options.h"
#include "agent/tls/client_context.h"
#include "common/base/cause.h"
#include "common/base/clock.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::upstream {

// TLS of an upstream. Immutable, shared by all workers.
struct UpstreamTls {
  std::shared_ptr<const tls::ClientContext> context;
  Duration handshake_timeout{};
  // What was asked for, without the contents of Secrets: connections made under other settings carry no more requests.
  std::string settings;
};

struct Dial {
  Endpoint to;
  Duration timeout{};
  // Null: plain text.
  std::shared_ptr<const UpstreamTls> tls;
  // Of this backend; outlives the connection.
  tls::ClientSession* session = nullptr;
  // To be sent as soon as TCP is up, before TLS; outlives the connection.
  std::string_view preface = {};
  loop::SocketOptions socket = {};
};

// Puts TLS onto a connected socket and starts the handshake. False: out of memory.
bool StartTls(loop::Socket& socket, const Dial& dial, WallTime now);
// After OnHandshake(false).
Cause TlsFailure(const loop::Socket& socket);

}  // namespace switchyard::agent::upstream
