// H2ClientStream: one request to a backend over a shared HTTP/2 connection.
//
// Response bytes that come while the exchange is paused wait here and count against the stream's window until they are taken; they do not
// count against the connection's, so that a slow client holds up nobody else's response.
// Thread-safety: its worker. Life: kept by its connection until the stream is over, and by the exchange.
// Bounds: one stream window of waiting response; H2Stream::kHighWater of request.
#pragma once

#include <string>
#include <vector>

#include "agent/codec/h2_session.h"
#include "agent/loop/ref_counted.h"
#include "agent/upstream/client_stream.h"
#include "agent/upstream/h2_client_connection.h"

namespace switchyard::agent::upstream {

class H2ClientStream final : public codec::FromSpareMemory, public loop::RefCounted, public codec::H2Stream, public ClientStream {
 public:
  explicit H2ClientStream(loop::Ref<H2ClientConnection> connection);
  ~H2ClientStream() override;

  // ClientStream:
  void Begin(ClientStreamEvents& events) override { events_ = &events; }
  bool MayUpgrade(std::string_view protocol) const override;
  void SendHead(const OutgoingRequest& request) override;
  bool SendBody(std::string_view data) override;
  void SendEnd(const codec::Trailers* trailers) override;
  void Flush() override;
  void PauseResponse() override { paused_ = true; }
  void ResumeResponse() override;
  void Cancel() override;

  // The connection is gone.
  void ConnectionClosed();
  // All bytes of one read have been given.
  void TurnEnded();
  std::size_t place = 0;  // among the connection's streams

 private:
  // H2Stream:
  void OnFields(codec::H2Fields& fields, bool trailers, bool ends) override;
  void OnData(std::string_view data) override;
  void OnEnd() override;
  void OnDrained() override;
  void OnSent() override {}
  void OnClosed(codec::H2Error error, Cause fault) override;
  void Retain() override { intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(this)); }
  void Release() override { intrusive_ptr_release(static_cast<loop::RefCounted*>(this)); }

  void ListRequest(const OutgoingRequest& request, std::vector<codec::Header>& out) const;
  void TakeHead(codec::H2Fields& fields, bool ends);
  void Deliver(std::string_view data);
  void ResponseEnded();
  void Fail(Cause cause, codec::H2Error error);
  void Leave();

  const loop::Ref<H2ClientConnection> connection_;
  ClientStreamEvents* events_ = nullptr;
  codec::ResponseHead head_;
  std::string waiting_body_;
  codec::Trailers trailers_;
  std::uint64_t remaining_ = 0;  // of a stated length
  int informational_ = 0;
  bool is_head_request_ = false;
  bool asked_upgrade_ = false;
  bool raw_ = false;
  bool counts_ = false;  // the response has a stated length
  bool head_done_ = false;
  bool response_ended_ = false;  // END_STREAM has come
  bool paused_ = false;
  bool touched_ = false;
  bool left_ = false;
};

}  // namespace switchyard::agent::upstream
