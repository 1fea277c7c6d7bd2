// H1ClientConnection: one HTTP/1.1 connection to a backend, carrying one request at a time.
//
// Life: connecting -> idle <-> busy -> closed. While idle it watches for the backend to close. It belongs to its pool, which is told when
// it is free again or closed.
//
// Thread-safety: its worker. Bounds: response head 64 KiB and 200 fields, 16 informational heads (else kBadResponse); response body unbounded
// but streamed.
// Errors: events carry a Cause; nothing throws. A backend that sends bytes nobody asked for is closed.
#pragma once

#include "agent/codec/body_reader.h"
#include "agent/codec/h1_parser.h"
#include "agent/loop/input_buffer.h"
#include "agent/loop/output_buffer.h"
#include "agent/loop/socket.h"
#include "agent/loop/timer_wheel.h"
#include "agent/upstream/client_connection.h"

namespace switchyard::agent::upstream {

class H1ClientConnection final : public ClientConnection, public ClientStream, private loop::Timer::Owner {
 public:
  // `keeper` must outlive the connection's last event.
  H1ClientConnection(loop::EventLoop& loop, Keeper& keeper);

  // ClientConnection:
  void Connect(const Dial& dial) override;
  bool connecting() const override { return state_ == State::kConnecting; }
  std::uint32_t room() const override { return state_ == State::kIdle ? 1 : 0; }
  std::uint32_t capacity() const override { return 1; }
  std::uint32_t streams() const override { return state_ == State::kBusy ? 1 : 0; }
  std::uint64_t requests() const override { return requests_; }
  loop::Ref<ClientStream> Take() override;
  bool Quiet() override { return socket_.Quiet(); }
  void Park(Duration timeout) override;
  void Retire() override { retired_ = true; }
  void CloseQuietly() override;

  // ClientStream:
  void Begin(ClientStreamEvents& events) override;
  bool MayUpgrade(std::string_view) const override { return true; }
  void SendHead(const OutgoingRequest& request) override;
  bool SendBody(std::string_view data) override;
  void SendEnd(const codec::Trailers* trailers) override;
  void Flush() override;
  void PauseResponse() override;
  void ResumeResponse() override;
  void Cancel() override;

 private:
  enum class State : std::uint8_t { kNew, kConnecting, kIdle, kBusy, kFlushing, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void OnConnected(int error) override;
  void OnHandshake(bool done) override;
  void EndConnecting(Cause cause);
  void OnTimer(loop::Timer& timer) override;
  void Retain() override { intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(this)); }
  void Release() override { intrusive_ptr_release(static_cast<loop::RefCounted*>(this)); }

  void ReadBusy();
  void TakeBytes(std::string_view bytes);
  // Returns how much of `bytes` the head took; 0 if it is not complete.
  std::size_t TakeHead(std::string_view bytes);
  std::size_t TakeBody(std::string_view bytes);
  void OnPeerClosed(bool clean);
  void EndResponse();
  void Fail(Cause cause);
  void Close(bool reset);
  bool request_done() const { return request_ended_ && out_.pending() == 0; }

  loop::EventLoop& loop_;
  Keeper& keeper_;
  loop::Socket socket_;
  loop::Timer timer_;
  Dial dial_;  // while connecting
  loop::InputBuffer in_;
  loop::OutputBuffer out_;
  codec::ResponseHead head_;
  codec::BodyReader body_;
  ClientStreamEvents* events_ = nullptr;
  std::uint64_t requests_ = 0;
  int informational_ = 0;
  codec::Framing request_framing_ = codec::Framing::kNone;
  State state_ = State::kNew;
  bool is_head_request_ = false;
  bool asked_upgrade_ = false;
  bool request_ended_ = false;
  bool head_done_ = false;
  bool response_done_ = false;
  bool raw_ = false;
  bool paused_ = false;
  bool keep_alive_ = true;
  bool blocked_ = false;  // SendBody said false
  bool retired_ = false;
};

}  // namespace switchyard::agent::upstream
