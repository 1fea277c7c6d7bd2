#include "agent/listener/h2_server_stream.h"

#include <utility>

#include "agent/codec/h2_head.h"

namespace switchyard::agent::listener {
namespace {

using codec::Framing;
using codec::H2Error;
using loop::Ref;

// How the client learns that its response is not whole.
H2Error ErrorOf(Cause cause) {
  switch (cause) {
    case Cause::kClientGone:
    case Cause::kClientStalled:
    case Cause::kDeadlineExceeded:
      return H2Error::kCancel;
    default:
      return H2Error::kInternalError;
  }
}

}  // namespace

H2ServerStream::H2ServerStream(H2ServerConnection& connection)
    : connection_(connection),
      body_(connection.event_loop().timers(), *this),
      stall_(connection.event_loop().timers(), *this),
      started_(connection.event_loop().Now()) {
  head_.headers = codec::SpareMemory::TakeHeaders();
}

H2ServerStream::~H2ServerStream() { codec::SpareMemory::GiveHeaders(std::move(head_.headers)); }

// --- the request ---

void H2ServerStream::OnFields(codec::H2Fields& fields, bool trailers, bool ends) {
  const Ref<H2ServerStream> keep(this);
  if (trailers) return TakeTrailers(fields);
  std::swap(fields_, fields);
  request_ended_ = ends;
  const snapshot::ListenerConfig& config = *connection_.listener().Current().config;
  Cause refusal = codec::ReadRequestHead(fields_, config.head_limits, ends, head_);
  if (refusal == Cause::kNone && head_.content_length > config.max_body_bytes) refusal = Cause::kBodyTooLarge;
  // The exchange knows the end of what has no body.
  end_delivered_ = !head_.wants_upgrade && head_.framing == Framing::kNone;
  StartExchange(refusal);
}

void H2ServerStream::StartExchange(Cause refusal) {
  const ListenerState::Serving& serving = connection_.listener().Current();
  exchange_ = Ref<exchange::Exchange>(
      new (connection_.event_loop()) exchange::Exchange(connection_.event_loop(), *this, head_, serving.view, *serving.config, started_));
  const Ref<exchange::Exchange> exchange = exchange_;
  if (refusal != Cause::kNone) {
    failed_ = true;
    exchange->Refuse(refusal);
  } else {
    exchange->Start();
  }
}

void H2ServerStream::TakeTrailers(codec::H2Fields& fields) {
  fields.ListTo(trailers_);
  if (fields.too_large() || !fields.clean()) {
    return RequestFailed(fields.too_large() ? Cause::kHeadTooLarge : Cause::kBadRequestBody);
  }
  OnEnd();
}

void H2ServerStream::OnData(std::string_view data) {
  const Ref<H2ServerStream> keep(this);
  if (over() || failed_) return connection_.session().Consume(id(), data.size());
  body_bytes_ += data.size();
  if (!upgraded_ && body_bytes_ > connection_.listener().Current().config->max_body_bytes) {
    connection_.session().Consume(id(), data.size());
    return RequestFailed(Cause::kBodyTooLarge);
  }
  if (!paused_ && waiting_body_.empty()) return Deliver(data);
  waiting_body_.append(data);
}

void H2ServerStream::Deliver(std::string_view data) {
  if (!upgraded_) body_.Set(connection_.event_loop().Now() + connection_.listener().Current().config->body_idle_timeout);
  exchange_->OnRequestBody(data);
  connection_.session().Consume(id(), data.size());
  if (touched_) return;
  touched_ = true;
  connection_.Touch(*this);
}

void H2ServerStream::TurnEnded() {
  touched_ = false;
  if (!over()) exchange_->OnRequestTurn();
}

void H2ServerStream::OnEnd() {
  const Ref<H2ServerStream> keep(this);
  request_ended_ = true;
  body_.Cancel();
  if (waiting_body_.empty() && !paused_) RequestEnded();
}

void H2ServerStream::RequestEnded() {
  if (end_delivered_ || failed_ || over()) return;
  end_delivered_ = true;
  exchange_->OnRequestEnd(trailers_.empty() ? nullptr : &trailers_);
  if (!over()) exchange_->OnRequestTurn();
}

void H2ServerStream::RequestFailed(Cause cause) {
  failed_ = true;
  body_.Cancel();
  if (!over()) exchange_->OnRequestFailed(cause);
}

void H2ServerStream::PauseRequest() {
  paused_ = true;
  body_.Cancel();
}

void H2ServerStream::ResumeRequest() {
  if (!paused_ || failed_) return;
  paused_ = false;
  const Ref<H2ServerStream> keep(this);
  constexpr std::size_t kPiece = 16'384;
  if (!waiting_body_.empty()) {
    const std::string held = std::exchange(waiting_body_, {});
    std::size_t at = 0;
    while (at < held.size() && !paused_ && !over()) {
      const std::string_view piece = std::string_view(held).substr(at, kPiece);
      at += piece.size();
      Deliver(piece);
    }
    if (over()) {
      connection_.session().Consume(id(), held.size() - at);
    } else {
      waiting_body_ = held.substr(at);
    }
    // Called from outside of a read: nobody else will say that this was all.
    TurnEnded();
    connection_.FlushSoon();
  }
  if (over() || paused_ || !waiting_body_.empty()) return;
  if (request_ended_) {
    RequestEnded();
  } else if (!upgraded_ && !end_delivered_) {
    body_.Set(connection_.event_loop().Now() + connection_.listener().Current().config->body_idle_timeout);
  }
}

// --- the response ---

void H2ServerStream::SendHead(const exchange::OutgoingResponse& response) {
  codec::H2Session& session = connection_.session();
  connection_.FlushSoon();
  if (response.status == 101) {
    upgraded_ = true;
    end_delivered_ = false;
    body_.Cancel();
    connection_.listener().RecordUpgrade();
    std::vector<codec::Header> headers;
    for (const codec::Header& header : *response.headers) {
      // HTTP/2 has no such handshake (RFC 8441 section 5).
      if (header.id != codec::FieldId::kSecWebSocketAccept) headers.push_back(header);
    }
    return session.Respond(*this, 200, headers, std::nullopt, /*ends=*/false);
  }
  if (response.status < 200) return session.Respond(*this, response.status, *response.headers, std::nullopt, /*ends=*/false);
  std::optional<std::uint64_t> length = response.declared_length;
  if (response.framing == Framing::kLength) length = response.content_length;
  session.Respond(*this, response.status, *response.headers, length, /*ends=*/response.framing == Framing::kNone);
}

bool H2ServerStream::SendBody(std::string_view data) {
  connection_.FlushSoon();
  const bool more = connection_.session().Write(*this, data, connection_.room());
  Watch();
  return more;
}

void H2ServerStream::SendEnd(const codec::Trailers* trailers) {
  connection_.FlushSoon();
  connection_.session().End(*this, trailers);
}

void H2ServerStream::Flush() { connection_.FlushSoon(); }

void H2ServerStream::OnDrained() {
  const Ref<H2ServerStream> keep(this);
  if (!over()) exchange_->OnClientWritable();
}

// RFC 9113 section 8.1: a response may be whole before its request is; the client need not send the rest.
void H2ServerStream::OnSent() {
  stall_.Cancel();
  if (!request_ended_ && !upgraded_) connection_.session().Reset(*this, H2Error::kNoError);
}

void H2ServerStream::Watch() {
  if (waiting() == 0 || stall_.armed()) return;
  watched_ = gone();
  stall_.Set(connection_.event_loop().Now() + connection_.listener().Current().config->stall_timeout);
}

void H2ServerStream::OnTimer(loop::Timer& timer) {
  const Ref<H2ServerStream> keep(this);
  if (&timer == &body_) return RequestFailed(Cause::kBodyTimeout);
  if (waiting() == 0 || closed_) return;
  if (gone() != watched_) return Watch();
  if (!over()) return exchange_->OnRequestFailed(Cause::kClientStalled);
  connection_.Fault(Cause::kClientStalled);
  connection_.session().Reset(*this, H2Error::kCancel);
  connection_.FlushSoon();
}

// --- the end ---

void H2ServerStream::Done(const exchange::Summary& summary, bool complete) {
  body_.Cancel();
  connection_.listener().Record(summary, connection_.event_loop().Now());
  if (!complete) connection_.session().Reset(*this, ErrorOf(summary.cause));
  // Nobody takes them any more; the connection's window must not shrink by them for good.
  if (!waiting_body_.empty()) connection_.session().Consume(id(), waiting_body_.size());
  waiting_body_.clear();
  connection_.FlushSoon();
  DropIfOver();
}

void H2ServerStream::OnClosed(H2Error, Cause fault) {
  const Ref<H2ServerStream> keep(this);
  closed_ = true;
  if (!over()) {
    exchange_->OnRequestFailed(fault != Cause::kNone ? fault : Cause::kClientGone);
  } else if (fault != Cause::kNone) {
    connection_.Fault(fault);
  }
  DropIfOver();
}

void H2ServerStream::ConnectionClosed(Cause cause) {
  const Ref<H2ServerStream> keep(this);
  closed_ = true;
  if (!over()) exchange_->OnRequestFailed(cause);
  DropIfOver();
}

void H2ServerStream::DropIfOver() {
  if (!closed_ || dropped_ || !over()) return;
  dropped_ = true;
  body_.Cancel();
  stall_.Cancel();
  connection_.Drop(*this);
}

}  // namespace switchyard::agent::listener
