// Arrival: a connection that was accepted and is about to be served, with whose it is.
//
// Thread-safety: a value. The descriptor belongs to whoever takes the arrival.
#pragma once

#include "common/base/endpoint.h"

namespace switchyard::agent::l4 {

struct Arrival {
  int fd = -1;
  // The other end of the socket.
  Endpoint peer;
  // Whose connection it is: the announced client behind a proxy in front, else the peer.
  Endpoint client;
  // Where that client connected to; only valid if announced, else the socket's own address holds.
  Endpoint destination;
  bool announced = false;
  // Over the listener's cap: to be told so and closed.
  bool refuse = false;
};

}  // namespace switchyard::agent::l4
