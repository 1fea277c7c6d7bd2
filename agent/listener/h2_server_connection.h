// H2ServerConnection: one HTTP/2 connection from a client, taken over from the connection that saw the preface.
//
// Life: open -> draining (GOAWAY in two steps, RFC 9113 section 6.8) -> closing (last bytes out, then our FIN) -> closed. Each request is an
// H2ServerStream with an exchange of its own. What all streams send within a turn of the loop leaves in one write.
//
// Thread-safety: its worker. Bounds: H2Settings and H2Limits of the listener; kHighWater of output, above which nothing more is
// serialized; when the client takes none of it, stall_timeout. Errors: each fault is counted with its cause. Memory: an idle connection
// holds no input and no output buffer.
#pragma once

#include <string>
#include <vector>

#include "agent/codec/h2_session.h"
#include "agent/listener/client_connection.h"
#include "agent/listener/listener_state.h"
#include "agent/loop/output_buffer.h"
#include "agent/loop/timer_wheel.h"

namespace switchyard::agent::listener {

class H2ServerStream;

class H2ServerConnection final : public ClientConnection, private codec::H2Session::Owner, private loop::Timer::Owner {
 public:
  H2ServerConnection(loop::EventLoop& loop, loop::Ref<ListenerState> listener, std::string client_ip, std::string_view scheme);
  ~H2ServerConnection() override;

  // Who a proxy in front says the client is; null: the peer. Before Start.
  void SetAnnounced(std::unique_ptr<exchange::ClientAddresses> addresses) { addresses_ = std::move(addresses); }
  // Goes on where `from` stopped. `bytes`: what was read, from the preface on.
  void Start(loop::Socket& from, std::string_view bytes);

  // ClientConnection:
  void StartDrain() override;
  void CloseIfIdle() override;
  void Cut() override;

  // For its streams:
  codec::H2Session& session() { return session_; }
  ListenerState& listener() { return *listener_; }
  loop::EventLoop& event_loop() { return loop_; }
  std::string_view client_ip() const { return client_ip_; }
  exchange::ClientAddresses addresses() const {
    return addresses_ ? *addresses_ : exchange::ClientAddresses{socket_.PeerEndpoint(), socket_.LocalEndpoint()};
  }
  std::string_view scheme() const { return scheme_; }
  std::string_view client_certificate() const {
    return socket_.layer() == nullptr ? std::string_view() : socket_.layer()->peer_certificate();
  }
  // Bytes of output that may still be added.
  std::size_t room() const;
  // At the end of this turn everything that can be sent is sent.
  void FlushSoon();
  // TurnEnded follows when all that was read has been given.
  void Touch(H2ServerStream& stream);
  // The stream is closed and its exchange done.
  void Drop(H2ServerStream& stream);
  void Fault(Cause cause) { listener_->RecordFault(cause, loop_.Now()); }

 private:
  enum class State : std::uint8_t { kOpen, kClosing, kLingering, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void OnTimer(loop::Timer& timer) override;
  codec::H2Stream* OnNewStream(codec::StreamId id) override;
  void OnGoaway(codec::StreamId, codec::H2Error) override {}
  void OnGoawayKnown() override;
  void OnSettings() override {}
  void OnFault(Cause cause) override { Fault(cause); }

  void Take(std::string_view bytes);
  void EndTurn();
  void Flush();
  void ArmIdle();
  void FinishGoaway();
  // Why it ends now; the GOAWAY that tells the client is in the output.
  void End(Cause fault);
  void EndStreams(Cause cause = Cause::kClientGone);
  void EndSoon();
  void Linger();
  void ReadLingering();
  void Close();

  loop::EventLoop& loop_;
  const loop::Ref<ListenerState> listener_;
  const std::string client_ip_;
  const std::string_view scheme_;
  std::unique_ptr<exchange::ClientAddresses> addresses_;  // announced
  loop::Socket socket_;
  loop::Timer idle_;   // no request; or the second step of GOAWAY; or lingering
  loop::Timer head_;   // a header section that does not end
  loop::Timer stall_;  // output that the client does not take
  loop::OutputBuffer out_;
  codec::H2Session session_;
  std::vector<loop::Ref<H2ServerStream>> streams_;
  std::vector<loop::Ref<H2ServerStream>> touched_;
  std::vector<loop::Ref<H2ServerStream>> turning_;  // of those, while they are told
  std::vector<loop::Ref<H2ServerStream>> dropped_;  // until the end of the turn
  std::uint64_t requests_ = 0;
  std::uint64_t timed_section_ = 0;  // the one that `head_` runs for
  std::size_t discarded_ = 0;
  State state_ = State::kOpen;
  bool flush_posted_ = false;
  bool announced_ = false;  // the first step of GOAWAY
  bool known_ = false;      // the client has heard of it
  bool overdue_ = false;    // it should have by now
  bool goaway_sent_ = false;
};

}  // namespace switchyard::agent::listener
