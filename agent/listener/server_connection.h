// ServerConnection: one HTTP/1.1 connection from a client. Reads heads, runs one exchange at a time in order, writes responses.
//
// Life: idle -> head -> exchange -> idle ... -> (lingering) -> closed. Pipelined requests wait as bytes until the exchange before them is
// done. A connection that is closed while the client may still be sending is shut down for writing first and read empty for a while, so
// that the last response is not lost to a reset (RFC 9112 section 9.6).
//
// Thread-safety: its worker. Bounds: head bytes, header count, target, body, and all four timeouts of HttpOptions; 64 KiB of pipelined
// bytes, then reading stops; 64 KiB of answers that the client does not take, then the next request waits. Errors: each refusal has a
// Cause. Memory: an idle connection holds no buffer.
#pragma once

#include <memory>
#include <string>

#include "agent/codec/body_reader.h"
#include "agent/exchange/exchange.h"
#include "agent/exchange/server_stream.h"
#include "agent/listener/listener_state.h"
#include "agent/loop/input_buffer.h"
#include "agent/loop/output_buffer.h"
#include "agent/loop/socket.h"

namespace switchyard::agent::listener {

class ServerConnection final : public ClientConnection, public exchange::ServerStream, private loop::Timer::Owner {
 public:
  ServerConnection(loop::EventLoop& loop, loop::Ref<ListenerState> listener);

  // Takes over an accepted connection. `refuse`: answer 503 and close.
  void Open(Accepted accepted, bool refuse);

  // ClientConnection:
  void StartDrain() override { leaving_ = true; }
  void CloseIfIdle() override;
  void Cut() override;

  // ServerStream:
  void SendHead(const exchange::OutgoingResponse& response) override;
  bool SendBody(std::string_view data) override;
  void SendEnd(const codec::Trailers* trailers) override;
  void Flush() override;
  void PauseRequest() override;
  void ResumeRequest() override;
  void Done(const exchange::Summary& summary, bool complete) override;
  std::string_view client_ip() const override { return client_ip_; }
  exchange::ClientAddresses addresses() const override;
  std::string_view scheme() const override { return socket_.layer() == nullptr ? "http" : "https"; }
  std::string_view client_certificate() const override {
    return socket_.layer() == nullptr ? std::string_view() : socket_.layer()->peer_certificate();
  }

 private:
  enum class State : std::uint8_t { kNew, kIdle, kHead, kExchange, kFlushing, kLingering, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void OnTimer(loop::Timer& timer) override;

  void ReadHead();
  // Looks for the preface of HTTP/2. False: it goes on as HTTP/1.
  bool TakePreface(const snapshot::ListenerConfig& config);
  void BecomeHttp2();
  void TakeHead();
  void StartExchange(std::size_t head_size);
  void RefuseHead(Cause cause);
  loop::Ref<exchange::Exchange> MakeExchange();
  void ReadBody();
  void FeedBody(std::string_view bytes);
  void ReadAhead();
  void Linger();
  void ReadLingering();
  void ClientGone();
  void NextRequest();
  void BecomeIdle();
  void FlushThenEnd(bool client_may_send);
  void WatchFlushing();
  bool MayGoOn() const;
  bool closing() const { return leaving_ || listener_->closing(); }
  void EndConnection(bool client_may_send);
  void Close(bool reset);
  void DropExchange() { exchange_.reset(); }
  void AppendFraming(const exchange::OutgoingResponse& response);

  loop::EventLoop& loop_;
  const loop::Ref<ListenerState> listener_;
  loop::Socket socket_;
  loop::Timer timer_;
  loop::InputBuffer in_;         // the head of the present request and what came with it; does not move while an exchange runs
  loop::InputBuffer pipelined_;  // what came after that
  loop::OutputBuffer out_;
  codec::RequestHead head_;
  codec::BodyReader body_;
  loop::Ref<exchange::Exchange> exchange_;
  std::string client_ip_;
  std::unique_ptr<exchange::ClientAddresses> announced_;  // rare, so an idle connection pays a pointer
  TimePoint request_started_{};
  std::size_t scanned_ = 0;    // of a partial head
  std::size_t head_used_ = 0;  // of in_: the head, then body bytes that came with it
  std::uint64_t requests_ = 0;
  std::size_t discarded_ = 0;
  State state_ = State::kNew;
  codec::Framing response_framing_ = codec::Framing::kNone;
  bool refused_ = false;
  bool paused_ = true;
  bool keep_ = true;
  bool raw_ = false;
  bool blocked_ = false;
  bool response_ended_ = false;  // of a tunnel: shut down for writing once everything is out
  bool next_waits_ = false;      // the next request waits until the answers before it are out
  bool linger_after_flush_ = false;
  bool leaving_ = false;  // the next response is the last one
};

}  // namespace switchyard::agent::listener
