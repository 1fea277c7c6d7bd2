// TlsHandshake: a client's connection between accept and the end of its TLS handshake.
//
// Done: descriptor and session go to a connection of the listener's protocol. Failed: the client gets OpenSSL's alert, or, when it spoke
// plain HTTP, a 400 that says so; then the connection is read empty for a moment, so that the answer is not lost to a reset.
//
// Thread-safety: its worker. Bounds: `max_handshakes` of the listener, its head_timeout, and 1 s and 64 KiB for the end.
// Errors: each failure is counted by its Cause on the listener. Cost: one full handshake is about 250 us of CPU with ECDSA P-256, resumed
// ones a third of it.
#pragma once

#include "agent/listener/client_connection.h"
#include "agent/listener/listener_state.h"
#include "agent/loop/event_loop.h"

namespace switchyard::agent::tls {
class Session;
}

namespace switchyard::agent::listener {

class TlsHandshake final : public ClientConnection, private loop::Timer::Owner {
 public:
  TlsHandshake(loop::EventLoop& loop, loop::Ref<ListenerState> listener);
  ~TlsHandshake() override;

  // Takes over an accepted descriptor.
  void Begin(int fd, const Endpoint& peer, std::unique_ptr<exchange::ClientAddresses> announced);

  // ClientConnection:
  void CloseIfIdle() override { Cut(); }
  void Cut() override;

 private:
  enum class State : std::uint8_t { kNew, kShaking, kLingering, kClosed };

  void OnHandshake(bool done) override;
  void OnReadable() override;
  void OnWritable() override {}
  void OnTimer(loop::Timer& timer) override;

  void Succeed();
  void Fail(Cause cause);
  void AnswerPlainHttp();
  void Linger();
  void EndShaking();

  loop::EventLoop& loop_;
  const loop::Ref<ListenerState> listener_;
  loop::Socket socket_;
  loop::Timer timer_;
  std::unique_ptr<exchange::ClientAddresses> announced_;
  Endpoint peer_;
  tls::Session* session_ = nullptr;  // the socket's layer
  std::size_t discarded_ = 0;
  State state_ = State::kNew;
};

}  // namespace switchyard::agent::listener
