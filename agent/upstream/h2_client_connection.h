// H2ClientConnection: one HTTP/2 connection to a backend, shared by as many requests as the backend allows.
//
// Life: connecting -> open -> retired (GOAWAY came, or the pool wants it gone: no new requests) -> closed. The preface and our SETTINGS leave
// as soon as it is open, together with the first requests if there are any; the backend's SETTINGS are not waited for (RFC 9113 section
// 3.4), what it will not take it refuses, which is safe to send elsewhere. What all requests send within a turn of the loop leaves in one
// write.
//
// Thread-safety: its worker. Bounds: the backend's SETTINGS_MAX_CONCURRENT_STREAMS and kMaxStreams; kStreamWindow of response body waiting
// per request; OutputBuffer::kHighWater of output; kStallTime in which the backend takes none of it; kLimits on what a backend may make us
// do. Errors: events carry a Cause.
#pragma once

#include <vector>

#include "agent/codec/h2_session.h"
#include "agent/loop/output_buffer.h"
#include "agent/loop/timer_wheel.h"
#include "agent/upstream/client_connection.h"

namespace switchyard::agent::upstream {

class H2ClientStream;

class H2ClientConnection final : public ClientConnection, private codec::H2Session::Owner, private loop::Timer::Owner {
 public:
  static constexpr std::uint32_t kMaxStreams = 256;

  // `keeper` must outlive the connection's last event.
  // `expected`: requests that it may carry at a time until the backend says how many.
  H2ClientConnection(loop::EventLoop& loop, Keeper& keeper, std::uint32_t expected);
  ~H2ClientConnection() override;

  // ClientConnection:
  void Connect(const Dial& dial) override;
  bool connecting() const override { return state_ == State::kConnecting; }
  std::uint32_t room() const override;
  std::uint32_t capacity() const override;
  std::uint32_t streams() const override { return static_cast<std::uint32_t>(streams_.size()); }
  std::uint64_t requests() const override { return requests_; }
  loop::Ref<ClientStream> Take() override;
  bool Quiet() override { return socket_.Quiet(); }
  void Park(Duration timeout) override;
  void Retire() override { retired_ = true; }
  void CloseQuietly() override;

  // For its streams:
  codec::H2Session& session() { return session_; }
  // Bytes of output that may still be added.
  std::size_t output_room() const;
  // The backend lets requests become tunnels by an extended CONNECT (RFC 8441 section 3). Until it has said what it allows, it may.
  bool may_tunnel() const { return !settings_seen_ || session_.peer_extended_connect(); }
  std::string_view scheme() const { return socket_.layer() != nullptr ? "https" : "http"; }
  // At the end of this turn everything that can be sent is sent.
  void FlushSoon();
  // OnResponseTurn follows when all that was read has been given.
  void Touch(H2ClientStream& stream);
  // The request is over.
  void Drop(H2ClientStream& stream);

 private:
  enum class State : std::uint8_t { kNew, kConnecting, kOpen, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void OnConnected(int error) override;
  void OnHandshake(bool done) override;
  void EndConnecting(Cause cause);
  void OnTimer(loop::Timer& timer) override;
  codec::H2Stream* OnNewStream(codec::StreamId) override { return nullptr; }
  void OnGoaway(codec::StreamId last, codec::H2Error error) override;
  void OnSettings() override;
  void OnFault(Cause) override {}

  void Take(std::string_view bytes);
  void EndTurn();
  void Flush();
  void Fail();
  void TellRoom();
  void Close();

  loop::EventLoop& loop_;
  Keeper& keeper_;
  loop::Socket socket_;
  loop::Timer timer_;  // connecting, or without requests
  loop::Timer stall_;  // output that the backend does not take
  loop::OutputBuffer out_;
  codec::H2Session session_;
  std::vector<loop::Ref<H2ClientStream>> streams_;
  std::vector<loop::Ref<H2ClientStream>> touched_;
  std::vector<loop::Ref<H2ClientStream>> turning_;  // of those, while they are told
  std::vector<loop::Ref<H2ClientStream>> dropped_;  // until the end of the turn
  std::uint64_t requests_ = 0;
  const std::uint32_t expected_;
  bool settings_seen_ = false;
  State state_ = State::kNew;
  Dial dial_;
  bool bad_address_ = false;
  bool flush_posted_ = false;
  bool retired_ = false;
  bool room_news_ = false;  // the pool is to be asked at the end of the turn
};

}  // namespace switchyard::agent::upstream
