#include "agent/exchange/exchange.h"

#include <algorithm>

#include "agent/codec/endpoint_load.h"
#include "agent/codec/h1_writer.h"
#include "agent/exchange/grpc.h"
#include "agent/codec/proxy_header.h"
#include "agent/exchange/exchange_race.h"
#include "agent/exchange/local_reply.h"
#include "agent/exchange/mirror_request.h"
#include "agent/exchange/redispatch.h"
#include "agent/policy/policy_chain.h"
#include "agent/exchange/retry.h"
#include "agent/exchange/websocket_handshake.h"

namespace switchyard::agent::exchange {
namespace {

using codec::Framing;
using loop::Ref;
using upstream::ConnectionPool;

// A request that came through us this often goes round in circles.
constexpr int kMaxPasses = 8;

std::uint64_t Micros(Duration duration) {
  return duration.count() <= 0 ? 0 : static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

// The longest that a connection may be in the making.
Duration MakingTime(const upstream::PoolLimits& pool) {
  return pool.connect_timeout + (pool.tls == nullptr ? Duration::zero() : pool.tls->handshake_timeout);
}

}  // namespace

Exchange::Exchange(loop::EventLoop& loop, ServerStream& server, const codec::RequestHead& head, Ref<WorkerView> view,
                   const snapshot::ListenerConfig& listener, TimePoint started)
    : loop_(loop),
      server_(server),
      head_(head),
      view_(std::move(view)),
      listener_(listener),
      started_(started),
      timer_(loop.timers(), *this),
      scratch_(view_->TakeScratch()),
      last_progress_(started) {
  scratch_->request_id.clear();
  scratch_->logged_headers.clear();
}

Exchange::~Exchange() {
  DropUpstream();
  EndPolicies();
  view_->GiveScratch(std::move(scratch_));
}

void Exchange::Start() {
  grpc_ = IsGrpc(head_);
  if (grpc_) {
    if (const std::optional<Duration> timeout = GrpcTimeout(head_)) deadline_ = started_ + *timeout;
  }
  if (PassesThrough(head_, listener_.via) > kMaxPasses) return Refuse(Cause::kLoopDetected);
  if (listener_.request_id != snapshot::RequestIdMode::kKeep) NameRequest(listener_.request_id == snapshot::RequestIdMode::kReplace);
  const router::RouteTable::Match match = listener_.routes->Find(head_, server_.client_ip());
  route_ = match.route;
  if (route_ == nullptr) return Refuse(Cause::kNoRoute);
  if (route_->quarantined) return Refuse(Cause::kQuarantined);
  if (route_->request_timeout != Duration::zero()) {
    hard_deadline_ = started_ + route_->request_timeout;
    hard_cause_ = Cause::kRequestDeadline;
  }
  if (route_->policies && !PassPolicies(match.rule->path)) return;
  if (head_.framing == Framing::kLength && head_.content_length > route_->max_body_bytes) return Refuse(Cause::kBodyTooLarge);
  const std::uint64_t drawn = route_->targets.size() == 1 ? 0 : loop_.random().Below(route_->total_weight);
  upstream_ = view_->upstreams[route_->TargetFor(drawn)].get();
  affinity_ = upstream_->AffinityOf(head_, server_.client_ip());
  upstream_->retry_budget().OnRequest();
  Attempt();
}

// Step 3.
void Exchange::Attempt() {
  upstream::BackendState* picked = upstream_->Pick(affinity_, failed_backend_.get(), route_->id);
  if (picked == nullptr) return Refuse(upstream_->refusal(route_->id));
  attempt_is_retry_ = attempts_ > 0;
  if (!upstream_->Enter(attempt_is_retry_)) return Refuse(Cause::kUpstreamLimit);
  backend_ = picked;
  ticket_ = backend_->AttemptStarted(asker());
  result_ = {};
  attempt_sent_ = {};
  attempt_open_ = true;
  attempt_counted_ = false;
  ++attempts_;
  phase_ = Phase::kQueued;
  const bool timed = upstream_->config().retry && upstream_->config().retry->per_try_timeout > Duration::zero();
  attempt_deadline_ = timed ? loop_.Now() + upstream_->config().retry->per_try_timeout : TimePoint();
  pool_ = PoolOf(*backend_);
  switch (pool_ ? pool_->Acquire(*this, /*careful=*/!IsIdempotent(head_.method)) : ConnectionPool::Answer::kFull) {
    case ConnectionPool::Answer::kNow:
      break;
    case ConnectionPool::Answer::kConnecting:
      // The pool watches each connect; this is for the case that others are served before us.
      WaitForConnection(MakingTime(upstream_->config().pool) + upstream_->config().pool.pending_timeout);
      break;
    case ConnectionPool::Answer::kQueued:
      WaitForConnection(upstream_->config().pool.pending_timeout);
      break;
    case ConnectionPool::Answer::kFull:
      ++backend_->window().pool_exhausted;
      EndAttempt();
      Refuse(Cause::kPoolExhausted);
      break;
  }
}

void Exchange::WaitForConnection(Duration most) {
  attempt_began_ = loop_.Now();
  waits_until_ = attempt_began_ + most;
  race_due_ = MayRace() && most > kConnectionAttemptDelay;
  SetTimer(race_due_ ? attempt_began_ + kConnectionAttemptDelay : waits_until_);
}

// Null: every place is taken.
Ref<ConnectionPool> Exchange::PoolOf(upstream::BackendState& backend) const {
  const upstream::ProxyOut version = upstream_->config().proxy_out;
  if (version == upstream::ProxyOut::kNone) return Ref<ConnectionPool>(&backend.pool());
  const ClientAddresses addresses = server_.addresses();
  std::string header;
  if (version == upstream::ProxyOut::kV1) codec::AppendProxyV1(header, addresses.client, addresses.destination);
  if (version == upstream::ProxyOut::kV2) codec::AppendProxyV2(header, addresses.client, addresses.destination);
  return backend.announced().Get(header);
}

// Step 4.
void Exchange::OnStream(Ref<upstream::ClientStream> stream, bool) {
  Disarm();
  race_.reset();
  stream_ = std::move(stream);
  stream_->Begin(*this);
  // An extended CONNECT has no other form; an upgrade of HTTP/1 goes on as the request that it is (RFC 9110 section 7.8).
  upgrades_ = head_.wants_upgrade && stream_->MayUpgrade(head_.upgrade_protocol);
  if (head_.wants_upgrade && !upgrades_ && head_.major_version != 1) return Refuse(Cause::kNotImplemented);
  upstream::OutgoingRequest request;
  request.method = head_.method;
  request.path_and_query = head_.path_and_query;
  request.headers = &scratch_->forwarding.Rewrite(head_, listener_, {server_.client_ip(), server_.scheme(), server_.client_certificate()});
  request.framing = head_.framing;
  request.content_length = head_.content_length;
  request.states_empty_body = head_.states_length && head_.framing == Framing::kNone;
  AdaptRequest(request);
  if (policies_ || names_request_) ShapeRequest(request);
  stream_->SendHead(request);
  attempt_sent_ = loop_.Now();
  // An empty body has ended with the attempt before; nobody would say so again.
  if (head_.framing == Framing::kNone || request_ended_) {
    request_ended_ = true;
    stream_->SendEnd(nullptr);
    RequestSent();
    stream_->Flush();
    if (mirror_) SendMirror();
  } else {
    phase_ = Phase::kSending;
    Progress();
    // Body bytes that are here already leave together with the head.
    server_.ResumeRequest();
    if (stream_) stream_->Flush();
  }
}

// What a request needs beyond its own fields where the versions of the two sides differ, or where time has passed.
void Exchange::AdaptRequest(upstream::OutgoingRequest& request) {
  request.te_trailers = codec::ListHas(codec::Find(head_.headers, codec::FieldId::kTe), "trailers");
  if (deadline_ != TimePoint()) {
    scratch_->grpc_timeout = FormatGrpcTimeout(deadline_ - loop_.Now());
    scratch_->forwarding.Set("grpc-timeout", codec::FieldId::kGrpcTimeout, scratch_->grpc_timeout);
  }
  if (!upgrades_) return;
  request.upgrade = head_.upgrade_protocol;
  if (head_.major_version == 1) return;
  scratch_->websocket = MakeWebSocketKey(loop_.random());
  scratch_->forwarding.Set("Sec-WebSocket-Key", codec::FieldId::kSecWebSocketKey, scratch_->websocket);
}

// A WebSocket over HTTP/1 wants its key answered; a backend that speaks HTTP/2 never saw it.
void Exchange::AdaptSwitch() {
  const std::string_view key = codec::Find(head_.headers, codec::FieldId::kSecWebSocketKey);
  if (key.empty() || codec::Find(scratch_->response_headers, codec::FieldId::kSecWebSocketAccept).data() != nullptr) return;
  scratch_->websocket = WebSocketAcceptOf(key);
  scratch_->response_headers.push_back({"Sec-WebSocket-Accept", scratch_->websocket, codec::FieldId::kSecWebSocketAccept});
}

void Exchange::OnNoConnection(Cause cause) {
  if (race_) return GoOnWithRace(cause);
  Disarm();
  AttemptFailed(cause);
}

void Exchange::RequestSent() {
  if (response_started_) return;
  phase_ = Phase::kWaiting;
  // One deadline over all attempts.
  // A caller that says how long it waits is believed.
  if (response_deadline_ == TimePoint()) response_deadline_ = deadline_ != TimePoint() ? deadline_ : loop_.Now() + route_->response_timeout;
  SetTimer(response_deadline_);
}

void Exchange::OnRequestBody(std::string_view data) {
  if (done_ || !stream_) return;
  body_touched_ = true;
  body_bytes_ += data.size();
  if (body_bytes_ > route_->max_body_bytes && !raw_) return OnRequestFailed(Cause::kBodyTooLarge);
  if (mirror_) CopyForMirror(data);
  Progress();
  backend_stalls_ = !stream_->SendBody(data);
  if (backend_stalls_) server_.PauseRequest();
}

void Exchange::OnRequestEnd(const codec::Trailers* trailers) {
  if (done_ || !stream_) return;
  request_ended_ = true;
  // Trailers are not kept for another attempt.
  if (trailers != nullptr) body_touched_ = true;
  stream_->SendEnd(FilterTrailers(trailers, scratch_->trailers));
  if (raw_) return EndRawIfBothDone();
  RequestSent();
  if (mirror_) SendMirror();
}

void Exchange::OnRequestTurn() {
  if (stream_) stream_->Flush();
}

void Exchange::OnUpstreamWritable() {
  backend_stalls_ = false;
  Progress();
  server_.ResumeRequest();
}

// Step 5.
void Exchange::OnResponseHead(const codec::ResponseHead& head) {
  if (head.status < 200 && head.status != 101) return SendInformational(head);
  if (head.status >= 500 && Retry(Cause::kNone, head.status)) return;
  response_started_ = true;
  phase_ = Phase::kStreaming;
  LimitStream(head);
  Progress();
  const Duration latency = loop_.Now() - attempt_sent_;
  backend_->window().latency.Record(Micros(latency));
  result_ = {breaker::OutcomeOf(head.status), latency};
  head_took_ = latency;
  if (grpc_) JudgeGrpc(policy::FindHeader(head.headers, kGrpcStatus));
  if (const std::string_view load = codec::Find(head.headers, codec::FieldId::kEndpointLoad); load.data() != nullptr) backend_->TakeLoad(load, latency);
  SendFinalHead(head);
}

void Exchange::JudgeGrpc(std::string_view status) {
  if (status.empty() || result_.outcome != breaker::Outcome::kSuccess) return;
  result_.outcome = OutcomeOfGrpc(GrpcCodeOf(status));
}

void Exchange::SendInformational(const codec::ResponseHead& head) {
  if (head_.minor_version == 0) return;  // HTTP/1.0 knows no 1xx
  scratch_->via.assign(ViaProtocol(head.major_version, head.minor_version)).append(listener_.via);
  RewriteResponse(head, scratch_->via, scratch_->response_headers);
  OutgoingResponse out;
  out.status = head.status;
  out.reason = head.reason;
  out.headers = &scratch_->response_headers;
  informed_ = true;
  server_.SendHead(out);
  server_.Flush();
}

void Exchange::SendFinalHead(const codec::ResponseHead& head) {
  scratch_->via.assign(ViaProtocol(head.major_version, head.minor_version)).append(listener_.via);
  RewriteResponse(head, scratch_->via, scratch_->response_headers);
  OutgoingResponse out;
  if (upstream_->config().sticky) session_cookie_ = upstream_->SessionCookie(affinity_, *backend_);
  if (!session_cookie_.empty()) scratch_->response_headers.push_back({"Set-Cookie", session_cookie_, codec::FieldId::kOther});
  if (listener_.tell_load) TellLoad(head);
  out.status = status_ = head.status;
  out.reason = head.reason;
  out.headers = &scratch_->response_headers;
  out.framing = head.framing == Framing::kChunked ? Framing::kUntilClose : head.framing;
  out.content_length = head.content_length;
  const bool states_length = codec::Find(head.headers, codec::FieldId::kContentLength).data() != nullptr;
  if (head.framing == Framing::kNone && states_length && (head_.is_head() || head.status == 304 || head.content_length == 0)) {
    if (head.status >= 200 && head.status != 204) out.declared_length = head.content_length;
  }
  if (head.status == 101) {
    raw_ = true;
    request_ended_ = false;
    out.upgrade = codec::Find(head.headers, codec::FieldId::kUpgrade);
    AdaptSwitch();
  }
  if (policies_ || names_request_) ShapeResponse(head, out);
  if (view_->pen != nullptr) NoteResponse(scratch_->response_headers);
  server_.SendHead(out);
  if (raw_) server_.ResumeRequest();
}

void Exchange::TellLoad(const codec::ResponseHead& head) {
  const upstream::UpstreamConfig& config = upstream_->config();
  if (config.load == nullptr || codec::Find(head.headers, codec::FieldId::kEndpointLoad).data() != nullptr) return;
  config.load->Tell(loop_.Now(), config.capacity, scratch_->load);
  scratch_->response_headers.push_back({codec::kEndpointLoadField, scratch_->load, codec::FieldId::kEndpointLoad});
}

// Step 6.
void Exchange::OnResponseBody(std::string_view data) {
  Progress();
  backend_->window().response_bytes += data.size();
  if (encodes()) {
    SendEncoded(data, /*end=*/false);
    return;
  }
  if (!SendToClient(data)) AwaitClient();
}

bool Exchange::SendToClient(std::string_view data) {
  sent_bytes_ += data.size();
  return server_.SendBody(data);
}

void Exchange::AwaitClient() {
  client_stalls_ = true;
  if (stream_) stream_->PauseResponse();
}

void Exchange::OnClientWritable() {
  if (done_) return;
  client_stalls_ = false;
  Progress();
  if (stream_) stream_->ResumeResponse();
}

void Exchange::OnResponseEnd(const codec::Trailers* trailers) {
  response_ended_ = true;
  if (raw_) {
    server_.SendEnd(nullptr);
    return EndRawIfBothDone();
  }
  if (encodes() && !SendEncoded({}, /*end=*/true)) return;
  if (grpc_ && trailers != nullptr) {
    for (const auto& [name, value] : *trailers) {
      if (codec::EqualsIgnoreCase(name, kGrpcStatus)) JudgeGrpc(value);
    }
  }
  if (view_->pen != nullptr && trailers != nullptr) NoteTrailers(*trailers);
  server_.SendEnd(FilterTrailers(trailers, scratch_->trailers));
  Finish(Cause::kNone, /*complete=*/true);
}

void Exchange::EndRawIfBothDone() {
  if (request_ended_ && response_ended_) Finish(Cause::kNone, /*complete=*/true);
}

void Exchange::OnResponseTurn() {
  if (unflushed_ && !done_) FlushEncoded();
  server_.Flush();
}

void Exchange::OnUpstreamFailed(Cause cause) {
  stream_.reset();
  if (cause == Cause::kNotImplemented) return Refuse(cause);
  if (response_started_) {
    // The client has part of a response: only a cut connection tells it that the rest is missing.
    if (!raw_) CountFailure(cause);
    return raw_ ? Finish(Cause::kNone, /*complete=*/false) : CutResponse(cause);
  }
  AttemptFailed(cause);
}

void Exchange::AttemptFailed(Cause cause) {
  // One that ran out of time in the queue of our pool says nothing about the backend.
  if (cause != Cause::kAttemptTimeout || attempt_sent_ != TimePoint()) CountFailure(cause);
  if (Retry(cause, 0)) return;
  const AttemptFacts facts{cause, head_.method, attempts_, sent_before_, body_touched_, response_started_ || informed_};
  EndAttempt();
  if (!MayRedispatch(facts) || !upstream_->HasRoom(/*retry=*/true)) return Refuse(cause);
  sent_before_ = sent_before_ || cause == Cause::kUpstreamClosed || cause == Cause::kUpstreamReset;
  failed_backend_ = backend_;
  Disarm();
  // The body waits for the next connection.
  server_.PauseRequest();
  Attempt();
}

// By the upstream's policy, if it has one. What came of the attempt so far is let go of.
bool Exchange::Retry(Cause cause, std::uint16_t status) {
  const auto& policy = upstream_->config().retry;
  if (!policy) return false;
  const bool sent = attempt_sent_ != TimePoint();
  const FailedAttempt failed{cause, status, head_.method, attempts_, sent, body_touched_, response_started_ || informed_};
  // The present attempt leaves before the next one enters, so only the cap on retries matters.
  if (!PolicyAllows(*policy, failed) || !upstream_->HasRoom(/*retry=*/true)) return false;
  const TimePoint next = loop_.Now() + BackoffOf(*policy, attempts_, loop_.random());
  // Too late to be answered: the failure that is there says more.
  if ((response_deadline_ != TimePoint() && next >= response_deadline_) || (deadline_ != TimePoint() && next >= deadline_)) return false;
  if (!upstream_->retry_budget().Take(loop_.Now())) return false;
  if (cause == Cause::kNone) {
    ++backend_->window().server_errors;
    result_ = {breaker::OutcomeOf(status), loop_.Now() - attempt_sent_};
  }
  sent_before_ = sent_before_ || attempt_sent_ != TimePoint();
  failed_backend_ = backend_;
  DropUpstream();
  server_.PauseRequest();
  phase_ = Phase::kBackoff;
  timer_.Set(std::min(next, hard_deadline_));
  return true;
}

void Exchange::AttemptTimedOut() {
  if (pool_) pool_->Withdraw(*this);
  if (const Ref<upstream::ClientStream> stream = std::move(stream_)) stream->Cancel();
  AttemptFailed(Cause::kAttemptTimeout);
}

bool Exchange::TimedOut() const {
  return attempt_deadline_ != TimePoint() && !response_started_ && phase_ != Phase::kBackoff && loop_.Now() >= attempt_deadline_ &&
         (response_deadline_ == TimePoint() || loop_.Now() < response_deadline_);
}

// Not beyond the caller's deadline, nor beyond the attempt's own while there is no response.
void Exchange::SetTimer(TimePoint at) {
  at = std::min(at, hard_deadline_);
  if (deadline_ != TimePoint()) at = std::min(at, deadline_);
  if (attempt_deadline_ != TimePoint() && !response_started_) at = std::min(at, attempt_deadline_);
  timer_.Set(at);
}

void Exchange::CountFailure(Cause cause) {
  ++backend_->window().failures[CauseIndex(cause)];
  result_.outcome = breaker::OutcomeOf(cause);
  attempt_counted_ = true;
}

void Exchange::OnRequestFailed(Cause cause) {
  if (done_) return;
  if (Describe(cause).status == 0) return Finish(cause, /*complete=*/false);
  if (response_started_) return CutResponse(cause);
  Refuse(cause);
}

void Exchange::Progress() {
  last_progress_ = loop_.Now();
  if (phase_ == Phase::kStreaming || phase_ == Phase::kSending) SetTimer(last_progress_ + route_->idle_timeout);
}

void Exchange::Disarm() {
  if (hard_deadline_ == TimePoint::max()) {
    timer_.Cancel();
  } else {
    timer_.Set(hard_deadline_);
  }
}

// From the final head on. An upgraded connection is no request any more.
void Exchange::LimitStream(const codec::ResponseHead& head) {
  if (head.status == 101) hard_deadline_ = TimePoint::max();
  if (route_->max_stream_duration == Duration::zero()) return;
  const TimePoint end = loop_.Now() + route_->max_stream_duration;
  if (end >= hard_deadline_) return;
  hard_deadline_ = end;
  hard_cause_ = Cause::kStreamDeadline;
}

void Exchange::OnDeadline() {
  if (response_started_) return raw_ ? Finish(hard_cause_, /*complete=*/false) : CutResponse(hard_cause_);
  if (phase_ == Phase::kWaiting) CountFailure(hard_cause_);
  Refuse(hard_cause_);
}

void Exchange::OnTimer(loop::Timer&) {
  if (loop_.Now() >= hard_deadline_) return OnDeadline();
  if (deadline_ != TimePoint() && loop_.Now() >= deadline_) {
    return response_started_ ? CutResponse(Cause::kDeadlineExceeded) : Refuse(Cause::kDeadlineExceeded);
  }
  if (TimedOut()) return AttemptTimedOut();
  switch (phase_) {
    case Phase::kBackoff:
      return Attempt();
    case Phase::kQueued:
      if (race_due_) return StartRace();
      ++backend_->window().pool_exhausted;
      return Refuse(Cause::kPoolExhausted);
    case Phase::kSending:
      // The client's silence, unless the backend did not take what there was.
      if (!backend_stalls_) return Refuse(Cause::kBodyTimeout);
      [[fallthrough]];
    case Phase::kWaiting:
      CountFailure(Cause::kResponseTimeout);
      return Refuse(Cause::kResponseTimeout);
    case Phase::kStreaming:
      if (client_stalls_ && !raw_) return CutResponse(Cause::kClientStalled);
      if (!raw_) CountFailure(Cause::kIdleTimeout);
      return CutResponse(Cause::kIdleTimeout);
    case Phase::kNew:
      break;
  }
}

void Exchange::Refuse(Cause cause) {
  if (done_) return;
  LocalReply reply = grpc_ || IsGrpc(head_) ? MakeGrpcReply(cause) : MakeLocalReply(cause);
  // After a fault of the client's the place of the next request is not certain.
  SendOwn(std::move(reply), cause, /*close=*/Describe(cause).side == Side::kClient);
}

void Exchange::SendOwn(LocalReply reply, Cause cause, bool close) {
  if (policies_ || names_request_) ShapeOwn(reply, cause);
  const bool may_have_body = reply.status != 204 && reply.status != 304;
  const bool has_body = may_have_body && !head_.is_head() && !reply.body.empty();
  // An error of gRPC is a head and nothing else.
  const bool bare = cause != Cause::kNone && (grpc_ || IsGrpc(head_)) && !head_.is_head();
  status_ = reply.status;
  OutgoingResponse out;
  out.status = reply.status;
  out.reason = codec::ReasonOf(reply.status);
  out.headers = &reply.headers;
  out.framing = has_body ? Framing::kLength : Framing::kNone;
  out.content_length = reply.body.size();
  if (may_have_body && !has_body && !bare) out.declared_length = reply.body.size();
  out.close = close;
  DropUpstream();
  if (view_->pen != nullptr) NoteResponse(reply.headers);
  server_.SendHead(out);
  if (has_body) SendToClient(reply.body);
  server_.SendEnd(nullptr);
  Finish(cause, /*complete=*/true);
  server_.Flush();
}

// Part of a response is out. A gRPC client can still be told why there is no more; another only sees it cut.
void Exchange::CutResponse(Cause cause) {
  const bool client_hears = Describe(cause).side != Side::kClient || Describe(cause).status != 0;
  if (!grpc_ || !client_hears) return Finish(cause, /*complete=*/false);
  if (view_->pen != nullptr) grpc_status_ = GrpcCodeOf(GrpcStatusOf(cause));
  scratch_->trailers = {{"grpc-status", std::string(GrpcStatusOf(cause))}, {"grpc-message", std::string(Describe(cause).name)}};
  server_.SendEnd(&scratch_->trailers);
  Finish(cause, /*complete=*/true);
  server_.Flush();
}

// Each attempt counts once, when it is over: a response that was cut is not also a success.
void Exchange::EndAttempt() {
  if (!attempt_open_) return;
  attempt_open_ = false;
  race_.reset();
  if (response_started_ && !attempt_counted_) ++(status_ < 500 ? backend_->window().succeeded : backend_->window().server_errors);
  if (!response_started_ && attempt_sent_ != TimePoint()) result_.latency = loop_.Now() - attempt_sent_;
  backend_->AttemptEnded(ticket_, result_, asker());
  upstream_->Leave(attempt_is_retry_, breaker::IsFailure(result_.outcome));
}

void Exchange::DropUpstream() {
  timer_.Cancel();
  if (pool_) pool_->Withdraw(*this);
  EndAttempt();
  if (stream_) {
    // A stream whose response has ended does not mind.
    const Ref<upstream::ClientStream> stream = std::move(stream_);
    if (!response_ended_ || raw_) stream->Cancel();
  }
}

// Step 7.
void Exchange::Finish(Cause cause, bool complete) {
  if (done_) return;
  done_ = true;
  mirror_.reset();
  Summary summary;
  summary.status = status_;
  summary.cause = cause;
  summary.started = started_;
  summary.attempts = attempts_;
  summary.request_id = scratch_->request_id;
  if (route_ != nullptr) {
    summary.route_id = route_->id;
    summary.route = route_->name;
  }
  if (upstream_ != nullptr) summary.upstream = upstream_->config().name;
  if (backend_) summary.backend = backend_->address();
  const Ref<upstream::BackendState> keep_backend = backend_;
  if (view_->pen != nullptr) WriteLine(cause);
  DropUpstream();
  server_.Done(summary, complete);
}

}  // namespace switchyard::agent::exchange
