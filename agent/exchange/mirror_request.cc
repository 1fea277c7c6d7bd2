#include "agent/exchange/mirror_request.h"

namespace switchyard::agent::exchange {

using codec::Framing;
using loop::Ref;
using upstream::ConnectionPool;

MirrorDraft::MirrorDraft(const upstream::OutgoingRequest& request, std::size_t most)
    : method(request.method), path_and_query(request.path_and_query), has_body(request.framing != Framing::kNone), most_body(most) {
  for (const codec::Header& header : *request.headers) {
    // The client's `Expect` was met already.
    if (header.id != codec::FieldId::kExpect) headers.emplace_back(header.name, header.value);
  }
  headers.emplace_back("X-Mirrored", "true");
}

bool MirrorDraft::Append(std::string_view data) {
  if (data.size() > most_body - body.size()) return false;
  body.append(data);
  return true;
}

void MirrorRequest::Send(loop::EventLoop& loop, const Ref<WorkerView>& view, std::uint32_t upstream, MirrorDraft draft, Duration timeout) {
  const Ref<MirrorRequest> mirror(new MirrorRequest(loop, view, upstream, std::move(draft), timeout));
  mirror->Start();
}

MirrorRequest::MirrorRequest(loop::EventLoop& loop, const Ref<WorkerView>& view, std::uint32_t upstream, MirrorDraft draft, Duration timeout)
    : loop_(loop),
      view_(view),
      upstream_(*view->upstreams[upstream]),
      draft_(std::move(draft)),
      timeout_(timeout),
      timer_(loop.timers(), *this) {}

void MirrorRequest::Start() {
  upstream::BackendState* picked = upstream_.Pick({}, nullptr);
  if (picked == nullptr || !view_->mirrors->Add(*this)) return;
  backend_ = picked;
  ticket_ = backend_->AttemptStarted();
  timer_.Set(loop_.Now() + timeout_);
  // Requests come first: a copy takes no place in a full pool, and what it waits for is bounded by its own deadline.
  if (backend_->pool().Acquire(*this, /*careful=*/false) == ConnectionPool::Answer::kFull) End();
}

void MirrorRequest::OnStream(Ref<upstream::ClientStream> stream, bool) {
  stream_ = std::move(stream);
  stream_->Begin(*this);
  for (const auto& [name, value] : draft_.headers) headers_.push_back({name, value, codec::IdOf(name)});
  upstream::OutgoingRequest request;
  request.method = draft_.method;
  request.path_and_query = draft_.path_and_query;
  request.headers = &headers_;
  request.framing = draft_.has_body ? Framing::kLength : Framing::kNone;
  request.content_length = draft_.body.size();
  sent_ = loop_.Now();
  stream_->SendHead(request);
  if (!draft_.body.empty()) stream_->SendBody(draft_.body);
  stream_->SendEnd(nullptr);
  stream_->Flush();
}

void MirrorRequest::OnResponseHead(const codec::ResponseHead& head) {
  if (head.status < 200) return;
  report::BackendWindow& window = backend_->window();
  ++(head.status < 500 ? window.succeeded : window.server_errors);
  result_ = {breaker::OutcomeOf(head.status), loop_.Now() - sent_};
  window.latency.Record(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(result_.latency).count()));
}

void MirrorRequest::OnResponseBody(std::string_view data) { backend_->window().response_bytes += data.size(); }

void MirrorRequest::OnResponseEnd(const codec::Trailers*) {
  stream_.reset();
  End();
}

void MirrorRequest::OnUpstreamFailed(Cause cause) {
  stream_.reset();
  Fail(cause);
}

void MirrorRequest::OnNoConnection(Cause cause) { Fail(cause); }

void MirrorRequest::OnTimer(loop::Timer&) { Fail(Cause::kResponseTimeout); }

void MirrorRequest::Fail(Cause cause) {
  ++backend_->window().failures[CauseIndex(cause)];
  result_.outcome = breaker::OutcomeOf(cause);
  End();
}

void MirrorRequest::End() {
  if (ended_) return;
  ended_ = true;
  timer_.Cancel();
  backend_->pool().Withdraw(*this);
  backend_->AttemptEnded(ticket_, result_);
  if (stream_) {
    const Ref<upstream::ClientStream> stream = std::move(stream_);
    stream->Cancel();
  }
  // Callers further up the stack may still use this object in this turn.
  loop_.Bury(Ref<loop::RefCounted>(this));
  view_->mirrors->Remove(*this);
}

}  // namespace switchyard::agent::exchange
