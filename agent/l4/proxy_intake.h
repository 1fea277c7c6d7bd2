// ProxyIntake: a connection until its PROXY protocol header has been read; then it is served as the announced client's.
//
// The header is looked at without taking it off the socket, and taken off when it is whole, so whatever follows is there for whoever serves
// the connection. A sender that is not trusted, a header that is wrong and one that does not come in time end the connection at once by a
// reset: nothing that such a sender could read as an answer.
//
// Thread-safety: its worker. Bounds: kMaxProxyHeaderBytes, the listener's deadline. Errors: causes 130-132, counted and logged.
#pragma once

#include "agent/l4/arrival.h"
#include "agent/l4/open_connection.h"
#include "agent/l4/peeked_bytes.h"
#include "agent/listener/client_connection.h"
#include "agent/loop/timer_wheel.h"
#include "common/base/cause.h"

namespace switchyard::agent::l4 {

class ProxyIntake final : public listener::ClientConnection, private loop::Timer::Owner {
 public:
  ProxyIntake(const WorkerParts& parts, loop::Ref<listener::ListenerState> listener);

  void Open(const Arrival& arrival);
  void CloseIfIdle() override;
  void Cut() override { End(Cause::kDraining); }

 private:
  void OnReadable() override;
  void OnWritable() override {}
  void OnTimer(loop::Timer& timer) override;

  void HandOver(std::size_t header_size);
  void End(Cause cause);

  const WorkerParts parts_;
  const loop::Ref<listener::ListenerState> listener_;
  loop::Socket socket_;
  loop::Timer timer_;
  PeekedBytes peeked_;
  Arrival arrival_;
  TimePoint started_{};
  bool done_ = false;
};

}  // namespace switchyard::agent::l4
