#include "agent/exchange/mirror_request.h"

namespace switchyard::agent::exchange {

using codec::Framing;
using loop::Ref;
using upstream::ConnectionPool;

std::unique_ptr<MirrorDraft> MirrorDraft::Begin(const upstream::OutgoingRequest& request, const policy::Mirror& policy, MirrorSet& set) {
  policy::Lease lease(policy.under_way, policy::Mirror::kMost);
  MirrorSet::Place place(set);
  if (!lease.held() || !place.held()) return nullptr;
  return std::unique_ptr<MirrorDraft>(new MirrorDraft(request, policy.max_body_bytes, std::move(lease), std::move(place)));
}

MirrorDraft::MirrorDraft(const upstream::OutgoingRequest& request, std::size_t most, policy::Lease lease, MirrorSet::Place place)
    : method(request.method),
      path_and_query(request.path_and_query),
      has_body(request.framing != Framing::kNone),
      states_empty_body(request.states_empty_body),
      te_trailers(request.te_trailers),
      most_body(most),
      of_route(std::move(lease)),
      of_worker(std::move(place)) {
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

void MirrorRequest::Send(loop::EventLoop& loop, const Ref<WorkerView>& view, std::uint32_t upstream, std::unique_ptr<const MirrorDraft> draft,
                         Duration timeout) {
  const Ref<MirrorRequest> mirror(new MirrorRequest(loop, view, upstream, std::move(draft), timeout));
  mirror->Start();
}

MirrorRequest::MirrorRequest(loop::EventLoop& loop, const Ref<WorkerView>& view, std::uint32_t upstream, std::unique_ptr<const MirrorDraft> draft,
                             Duration timeout)
    : loop_(loop),
      view_(view),
      upstream_(*view->upstreams[upstream]),
      draft_(std::move(draft)),
      timeout_(timeout),
      timer_(loop.timers(), *this) {}

void MirrorRequest::Start() {
  if (upstream_.config().proxy_out != upstream::ProxyOut::kNone) return;
  upstream::BackendState* picked = upstream_.Pick({}, nullptr);
  if (picked == nullptr) return;
  backend_ = picked;
  view_->mirrors->Add(*this);
  ticket_ = backend_->AttemptStarted();
  timer_.Set(loop_.Now() + timeout_);
  // Requests come first: a copy waits for the connection that is made for it, but takes no place among those who wait for others'.
  const ConnectionPool::Answer answer = backend_->pool().Acquire(*this, /*careful=*/false);
  if (answer == ConnectionPool::Answer::kQueued || answer == ConnectionPool::Answer::kFull) End();
}

void MirrorRequest::OnStream(Ref<upstream::ClientStream> stream, bool) {
  stream_ = std::move(stream);
  stream_->Begin(*this);
  for (const auto& [name, value] : draft_->headers) headers_.push_back({name, value, codec::IdOf(name)});
  upstream::OutgoingRequest request;
  request.method = draft_->method;
  request.path_and_query = draft_->path_and_query;
  request.headers = &headers_;
  request.framing = draft_->has_body ? Framing::kLength : Framing::kNone;
  request.content_length = draft_->body.size();
  request.states_empty_body = draft_->states_empty_body;
  request.te_trailers = draft_->te_trailers;
  sent_ = loop_.Now();
  stream_->SendHead(request);
  if (!draft_->body.empty()) stream_->SendBody(draft_->body);
  stream_->SendEnd(nullptr);
  stream_->Flush();
}

void MirrorRequest::OnResponseHead(const codec::ResponseHead& head) {
  if (head.status < 200) return;
  status_ = head.status;
  result_ = {breaker::OutcomeOf(head.status), loop_.Now() - sent_};
  backend_->window().latency.Record(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(result_.latency).count()));
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

// A stream may go on for as long as it likes; nobody reads it.
void MirrorRequest::OnTimer(loop::Timer&) { status_ != 0 ? End() : Fail(Cause::kResponseTimeout); }

// An answer that was cut is not also a success.
void MirrorRequest::Fail(Cause cause) {
  status_ = 0;
  ++backend_->window().failures[CauseIndex(cause)];
  result_.outcome = breaker::OutcomeOf(cause);
  End();
}

void MirrorRequest::End() {
  if (ended_) return;
  ended_ = true;
  timer_.Cancel();
  backend_->pool().Withdraw(*this);
  if (status_ != 0) ++(status_ < 500 ? backend_->window().succeeded : backend_->window().server_errors);
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
