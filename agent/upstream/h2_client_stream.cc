#include "agent/upstream/h2_client_stream.h"

#include <utility>

#include "agent/codec/h2_head.h"

namespace switchyard::agent::upstream {
namespace {

// Informational heads before one final head; a backend that sends more is answering nobody.
constexpr int kMaxInformational = 16;

}  // namespace

using codec::FieldId;
using codec::Framing;
using codec::H2Error;
using loop::Ref;

H2ClientStream::H2ClientStream(Ref<H2ClientConnection> connection) : connection_(std::move(connection)) {
  head_.headers = codec::SpareMemory::TakeHeaders();
}

H2ClientStream::~H2ClientStream() { codec::SpareMemory::GiveHeaders(std::move(head_.headers)); }

// --- the request ---

// WebSocket is the one protocol that is registered for :protocol and commonly spoken; any other would only be reset.
bool H2ClientStream::MayUpgrade(std::string_view protocol) const {
  return codec::EqualsIgnoreCase(protocol, "websocket") && connection_->may_tunnel();
}

// `Host` becomes :authority (RFC 9113 section 8.3.1); an upgrade becomes an extended CONNECT (RFC 8441 section 4).
void H2ClientStream::ListRequest(const OutgoingRequest& request, std::vector<codec::Header>& out) const {
  const std::string_view authority = codec::Find(*request.headers, FieldId::kHost);
  out.push_back({":method", asked_upgrade_ ? "CONNECT" : request.method, FieldId::kOther});
  out.push_back({":scheme", connection_->scheme(), FieldId::kOther});
  if (!authority.empty()) out.push_back({":authority", authority, FieldId::kOther});
  out.push_back({":path", request.path_and_query, FieldId::kOther});
  if (asked_upgrade_) out.push_back({":protocol", request.upgrade, FieldId::kOther});
  for (const codec::Header& header : *request.headers) {
    if (header.id == FieldId::kHost) continue;
    // The handshake of RFC 6455 is HTTP/1's (RFC 8441 section 5).
    if (asked_upgrade_ && header.id == FieldId::kSecWebSocketKey) continue;
    out.push_back(header);
  }
  if (request.te_trailers) out.push_back({"te", "trailers", FieldId::kTe});
}

void H2ClientStream::SendHead(const OutgoingRequest& request) {
  connection_->FlushSoon();
  is_head_request_ = request.method == "HEAD";
  asked_upgrade_ = !request.upgrade.empty();
  std::vector<codec::Header> headers = codec::SpareMemory::TakeHeaders();
  ListRequest(request, headers);
  std::optional<std::uint64_t> length;
  if (request.framing == Framing::kLength || request.states_empty_body) length = request.content_length;
  const bool ends = request.framing == Framing::kNone && !asked_upgrade_;
  connection_->session().Request(*this, headers, length, ends);
  codec::SpareMemory::GiveHeaders(std::move(headers));
}

bool H2ClientStream::SendBody(std::string_view data) {
  connection_->FlushSoon();
  return connection_->session().Write(*this, data, connection_->output_room());
}

void H2ClientStream::SendEnd(const codec::Trailers* trailers) {
  // An extended CONNECT ends with its tunnel.
  if (asked_upgrade_ && !raw_) return;
  connection_->FlushSoon();
  connection_->session().End(*this, trailers);
}

void H2ClientStream::Flush() { connection_->FlushSoon(); }

void H2ClientStream::OnDrained() {
  const Ref<H2ClientStream> keep(this);
  if (events_ != nullptr) events_->OnUpstreamWritable();
}

// --- the response ---

void H2ClientStream::OnFields(codec::H2Fields& fields, bool trailers, bool ends) {
  const Ref<H2ClientStream> keep(this);
  if (events_ == nullptr) return;
  if (!trailers) return TakeHead(fields, ends);
  fields.ListTo(trailers_);
  if (fields.too_large() || !fields.clean()) return Fail(Cause::kTruncatedResponse, H2Error::kProtocolError);
  OnEnd();
}

void H2ClientStream::TakeHead(codec::H2Fields& fields, bool ends) {
  const Cause cause = codec::ReadResponseHead(fields, ends, is_head_request_, head_);
  if (cause != Cause::kNone) return Fail(cause, H2Error::kProtocolError);
  if (head_.status < 200 && ++informational_ > kMaxInformational) return Fail(Cause::kBadResponse, H2Error::kEnhanceYourCalm);
  if (head_.status >= 200) {
    head_done_ = true;
    counts_ = head_.framing == Framing::kLength;
    remaining_ = head_.content_length;
    if (asked_upgrade_ && head_.status < 300 && !ends) {
      // What the exchange knows as a switch of protocols.
      raw_ = true;
      head_.status = 101;
      head_.headers.push_back({"upgrade", "websocket", FieldId::kUpgrade});
    }
  }
  if (!touched_) connection_->Touch(*this);
  touched_ = true;
  events_->OnResponseHead(head_);
  if (ends) OnEnd();
}

void H2ClientStream::OnData(std::string_view data) {
  const Ref<H2ClientStream> keep(this);
  connection_->session().ConsumeConnection(data.size());
  if (events_ == nullptr) return connection_->session().ConsumeStream(id(), data.size());
  if (!head_done_) return Fail(Cause::kBadResponse, H2Error::kProtocolError);
  if (paused_ || !waiting_body_.empty()) {
    waiting_body_.append(data);
    return;
  }
  if (!touched_) connection_->Touch(*this);
  touched_ = true;
  Deliver(data);
}

void H2ClientStream::Deliver(std::string_view data) {
  if (counts_) remaining_ -= std::min<std::uint64_t>(remaining_, data.size());
  events_->OnResponseBody(data);
  if (attached()) connection_->session().ConsumeStream(id(), data.size());
}

void H2ClientStream::TurnEnded() {
  touched_ = false;
  if (events_ != nullptr) events_->OnResponseTurn();
}

void H2ClientStream::OnEnd() {
  const Ref<H2ClientStream> keep(this);
  response_ended_ = true;
  if (waiting_body_.empty() && !paused_) ResponseEnded();
}

void H2ClientStream::ResumeResponse() {
  if (!paused_) return;
  paused_ = false;
  const Ref<H2ClientStream> keep(this);
  constexpr std::size_t kPiece = 16'384;
  if (!waiting_body_.empty()) {
    const std::string held = std::exchange(waiting_body_, {});
    std::size_t at = 0;
    while (at < held.size() && !paused_ && events_ != nullptr) {
      const std::string_view piece = std::string_view(held).substr(at, kPiece);
      at += piece.size();
      Deliver(piece);
    }
    waiting_body_ = held.substr(at);
    connection_->FlushSoon();
  }
  if (paused_ || events_ == nullptr || !waiting_body_.empty()) return;
  if (response_ended_) {
    ResponseEnded();
  } else {
    events_->OnResponseTurn();
  }
}

void H2ClientStream::ResponseEnded() {
  if (events_ == nullptr) return;
  const Ref<H2ClientStream> keep(this);
  if (raw_) {
    // A raw stream lives on until its other direction ends, too.
    events_->OnResponseEnd(nullptr);
    return;
  }
  ClientStreamEvents* events = std::exchange(events_, nullptr);
  events->OnResponseEnd(trailers_.empty() ? nullptr : &trailers_);
  events->OnResponseTurn();
  // The backend answered before it had all of the request; nobody is left who would send the rest.
  if (attached()) connection_->session().ResetUnlessEnded(*this, H2Error::kCancel);
  Leave();
}

// --- the end ---

void H2ClientStream::OnClosed(H2Error error, Cause) {
  const Ref<H2ClientStream> keep(this);
  // A whole response may still wait for the client to take it.
  if (events_ == nullptr || (response_ended_ && !raw_)) return Leave();
  if (response_ended_ && error == H2Error::kNoError) return Leave();
  // Asked before it said that it allows no such thing.
  if (asked_upgrade_ && !head_done_ && !connection_->may_tunnel()) return Fail(Cause::kNotImplemented, error);
  Fail(error == H2Error::kRefusedStream ? Cause::kUpstreamRefused : head_done_ ? Cause::kTruncatedResponse : Cause::kUpstreamReset, error);
}

void H2ClientStream::ConnectionClosed() {
  const Ref<H2ClientStream> keep(this);
  left_ = true;
  if (events_ == nullptr || (response_ended_ && !raw_)) return;
  ClientStreamEvents* events = std::exchange(events_, nullptr);
  events->OnUpstreamFailed(head_done_ ? Cause::kTruncatedResponse : Cause::kUpstreamClosed);
}

void H2ClientStream::Fail(Cause cause, H2Error error) {
  ClientStreamEvents* events = std::exchange(events_, nullptr);
  connection_->session().Reset(*this, error);
  Leave();
  if (events != nullptr) events->OnUpstreamFailed(cause);
}

void H2ClientStream::Cancel() {
  const Ref<H2ClientStream> keep(this);
  events_ = nullptr;
  if (raw_ && response_ended_) {
    // What the tunnel still holds of the client's last words goes out.
    connection_->session().ResetUnlessEnded(*this, H2Error::kCancel);
  } else {
    connection_->session().Reset(*this, H2Error::kCancel);
  }
  connection_->FlushSoon();
  Leave();
}

// The place is free for another request once nothing more comes for this one: when the stream is closed.
void H2ClientStream::Leave() {
  if (left_ || attached()) return;
  left_ = true;
  connection_->Drop(*this);
}

}  // namespace switchyard::agent::upstream
