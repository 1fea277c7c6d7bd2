// TunnelConnection: a client's connection whose bytes go to a backend and back unread: TCP listeners, and TLS passed through by server name.
//
// Life: (hello ->) connecting -> relaying (-> last words) -> closed. A hello is looked at and stays on the socket, so the backend gets every byte the client
// sent. A backend that cannot be reached is left for another before any byte goes; after that a failure of either side is passed on to the
// other as a reset, and an end in one direction as an end in that direction. A backend that is gone after it has ended its direction in good
// order has not failed: what the client still sends is read and dropped until the client ends too, for kLastWords at most, because closing on
// bytes that nobody reads would take back the answer that is on its way to it.
//
// Thread-safety: its worker. Bounds: hello and connect deadlines, idle timeout, longest duration; kMaxConnects backends; 64 KiB per direction.
// Errors: every end that is not the peers' own has a Cause, counted and logged. Memory: an idle tunnel holds no buffer and no pipe.
#pragma once

#include <optional>
#include <string>

#include "agent/l4/arrival.h"
#include "agent/l4/open_connection.h"
#include "agent/l4/peeked_bytes.h"
#include "agent/l4/relay.h"
#include "agent/listener/client_connection.h"
#include "agent/listener/listener_state.h"
#include "agent/loop/timer_wheel.h"
#include "agent/upstream/upstream_state.h"

namespace switchyard::agent::l4 {

class TunnelConnection final : public listener::ClientConnection, private loop::Timer::Owner {
 public:
  static constexpr unsigned kMaxConnects = 3;
  static constexpr Duration kLastWords = std::chrono::seconds(30);

  TunnelConnection(const WorkerParts& parts, loop::Ref<listener::ListenerState> listener);

  void Open(const Arrival& arrival);
  void CloseIfIdle() override;
  void Cut() override { End(Cause::kDraining); }

 private:
  enum class State : std::uint8_t { kNew, kHello, kConnecting, kRelaying, kLastWords, kClosed };

  // The backend's end; a socket tells its events to one owner.
  class BackendEnd final : public loop::Socket::Owner {
   public:
    BackendEnd(loop::EventLoop& loop, TunnelConnection& tunnel) : socket_(loop, *this), tunnel_(&tunnel) {}
    loop::Socket& socket() { return socket_; }
    void Close(bool reset) {
      tunnel_ = nullptr;
      socket_.Close(reset);
    }

   private:
    void OnReadable() override;
    void OnWritable() override;
    void OnConnected(int error) override;
    loop::Socket socket_;
    TunnelConnection* tunnel_;
  };

  void OnReadable() override;
  void OnWritable() override;
  void OnTimer(loop::Timer& timer) override;

  void ReadHello();
  void RefuseHello(Cause cause, std::uint8_t alert);
  void Route(std::string_view server_name);
  void Connect();
  void OnBackendConnected(int error);
  void ConnectFailed(Cause cause);
  void StartRelaying();
  void AnnounceClient();
  void PumpUp();
  void PumpDown();
  void Pumped(Relay::Result result, Cause from_failed, Cause to_failed);
  void LeaveBackend();
  void ReadLastWords();
  void EndAttempt();
  void End(Cause cause);
  void RecordEnd(Cause cause);
  void WriteLine(Cause cause);

  const WorkerParts parts_;
  const loop::Ref<listener::ListenerState> listener_;
  loop::Socket client_;
  loop::Timer timer_;   // hello, connect, idle
  loop::Timer expiry_;  // longest duration
  PeekedBytes peeked_;
  Arrival arrival_;
  loop::Ref<upstream::UpstreamState> upstream_;
  upstream::Affinity affinity_;
  loop::Ref<upstream::BackendState> backend_;
  loop::Ref<upstream::BackendState> failed_;
  loop::Ref<BackendEnd> end_;
  std::optional<Relay> up_;
  std::optional<Relay> down_;
  std::string route_name_;
  std::string server_name_;  // for the access log
  std::string upstream_name_;
  TimePoint started_{};
  TimePoint attempt_started_{};
  Duration connect_took_{-1};  // below zero: there was none
  std::uint64_t received_ = 0;  // from the client, on their way to the backend
  std::uint64_t sent_ = 0;
  Duration idle_timeout_{};
  unsigned attempts_ = 0;
  State state_ = State::kNew;
  balancer::Ticket ticket_;  // of the attempt that is open
  breaker::AttemptResult result_;
  bool attempt_is_retry_ = false;
  bool attempt_open_ = false;
  bool refused_ = false;
};

}  // namespace switchyard::agent::l4
