// ClientConnection: one connection from a client as its listener sees it, whatever is spoken on it.
//
// Thread-safety: its worker. Life: the listener holds a reference from Add to Drop.
#pragma once

#include <memory>

#include "agent/exchange/server_stream.h"
#include "agent/loop/socket.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::listener {

// A connection that may begin: the descriptor, who is at its other end, and TLS if that has been negotiated.
struct Accepted {
  int fd = -1;
  Endpoint peer;
  std::unique_ptr<loop::TransportLayer> layer;
  // Null: the client is the peer.
  std::unique_ptr<exchange::ClientAddresses> announced = nullptr;
};

class ClientConnection : public loop::Socket::Owner {
 public:
  // No more requests than those under way: says so to the client if the protocol can.
  virtual void StartDrain() {}
  // Ends now if it waits for a request.
  virtual void CloseIfIdle() = 0;
  // Ends now, whatever is under way.
  virtual void Cut() = 0;
};

}  // namespace switchyard::agent::listener
