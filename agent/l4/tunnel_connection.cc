#include "agent/l4/tunnel_connection.h"

#include <algorithm>

#include "agent/codec/client_hello.h"
#include "agent/codec/proxy_header.h"

namespace switchyard::agent::l4 {
namespace {

// TLS alerts (RFC 8446 section 6.2).
constexpr std::uint8_t kDecodeError = 50;
constexpr std::uint8_t kUnrecognizedName = 112;
constexpr int kReadsPerTurn = 4;

std::uint64_t Micros(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count(), 0));
}

}  // namespace

using loop::Ref;
using upstream::ProxyOut;

TunnelConnection::TunnelConnection(const WorkerParts& parts, Ref<listener::ListenerState> listener)
    : parts_(parts),
      listener_(std::move(listener)),
      client_(parts.loop, *this),
      timer_(parts.loop.timers(), *this),
      expiry_(parts.loop.timers(), *this) {}

void TunnelConnection::Open(const Arrival& arrival) {
  if (!client_.Adopt(arrival.fd)) return;
  arrival_ = arrival;
  refused_ = arrival.refuse;
  started_ = parts_.loop.Now();
  listener_->Add(*this, refused_);
  if (refused_) return End(Cause::kTooManyConnections);
  const snapshot::ListenerConfig& config = *listener_->Current().config;
  if (config.tcp.max_duration > Duration::zero()) expiry_.Set(started_ + config.tcp.max_duration);
  if (config.protocol != snapshot::ListenerProtocol::kTlsPassthrough) return Route({});
  state_ = State::kHello;
  timer_.Set(started_ + config.tcp.hello_timeout);
  client_.WaitReadable();
}

// --- the hello ---

void TunnelConnection::ReadHello() {
  std::string_view bytes;
  switch (peeked_.Look(client_, parts_.loop.scratch(), codec::kMaxClientHelloBytes, bytes)) {
    case PeekedBytes::State::kNothing:
      return;
    case PeekedBytes::State::kEnded:
      return End(Cause::kClientGone);
    case PeekedBytes::State::kBytes:
      break;
  }
  codec::ClientHello hello;
  switch (codec::ParseClientHello(bytes, hello)) {
    case codec::HelloState::kNeedMore:
      return client_.WaitReadable();
    case codec::HelloState::kBad:
      return RefuseHello(Cause::kBadClientHello, kDecodeError);
    case codec::HelloState::kDone:
      break;
  }
  Route(hello.server_name);
}

// Says so in the client's own terms. What waits is read first: closing on unread bytes would take the alert back.
void TunnelConnection::RefuseHello(Cause cause, std::uint8_t alert) {
  client_.Read(parts_.loop.scratch(), loop::EventLoop::kScratchBytes);
  char record[] = {21, 3, 3, 0, 2, 2, static_cast<char>(alert)};
  const iovec piece{record, sizeof record};
  client_.Write({&piece, 1});
  client_.Close();
  End(cause);
}

// --- the backend ---

void TunnelConnection::Route(std::string_view server_name) {
  timer_.Cancel();
  const listener::ListenerState::Serving& serving = listener_->Current();
  const router::Route* route = serving.config->tunnels->Find(server_name);
  const bool hello = state_ == State::kHello;
  if (serving.view->pen != nullptr) server_name_ = server_name;
  if (route == nullptr) return hello ? RefuseHello(Cause::kNoRoute, kUnrecognizedName) : End(Cause::kNoRoute);
  route_name_ = route->name;
  if (route->quarantined) return End(Cause::kQuarantined);
  idle_timeout_ = route->idle_timeout;
  const std::uint64_t drawn = route->targets.size() == 1 ? 0 : parts_.loop.random().Below(route->total_weight);
  upstream_ = serving.view->upstreams[route->TargetFor(drawn)];
  upstream_name_ = upstream_->config().name;
  // There is no head; only where the client comes from can count.
  affinity_ = upstream_->AffinityOf(codec::RequestHead(), arrival_.client.ip());
  state_ = State::kConnecting;
  Connect();
}

void TunnelConnection::Connect() {
  upstream::BackendState* picked = upstream_->Pick(affinity_, failed_.get());
  if (picked == nullptr) return End(upstream_->refusal());
  const upstream::PoolLimits& limits = upstream_->config().pool;
  backend_ = picked;
  // A tunnel waits for nobody: what runs may run for days.
  if (picked->in_flight() >= limits.max_connections) {
    ++picked->window().pool_exhausted;
    return End(Cause::kPoolExhausted);
  }
  attempt_is_retry_ = attempts_ > 0;
  if (!upstream_->Enter(attempt_is_retry_)) return End(Cause::kUpstreamLimit);
  ticket_ = backend_->AttemptStarted();
  result_ = {};
  attempt_open_ = true;
  ++attempts_;
  attempt_started_ = parts_.loop.Now();
  connect_took_ = Duration(-1);
  timer_.Set(attempt_started_ + limits.connect_timeout);
  end_ = Ref<BackendEnd>(new BackendEnd(parts_.loop, *this));
  if (end_->socket().Connect(backend_->endpoint()) != 0) return ConnectFailed(Cause::kConnectFailed);
  limits.socket.Set(end_->socket().fd());
}

void TunnelConnection::OnBackendConnected(int error) {
  if (state_ != State::kConnecting) return;
  if (error != 0) return ConnectFailed(Cause::kConnectFailed);
  StartRelaying();
}

void TunnelConnection::ConnectFailed(Cause cause) {
  timer_.Cancel();
  ++backend_->window().failures[CauseIndex(cause)];
  result_ = {breaker::OutcomeOf(cause), parts_.loop.Now() - attempt_started_};
  EndAttempt();
  end_->Close(/*reset=*/false);
  end_.reset();
  if (attempts_ >= kMaxConnects) return End(cause);
  failed_ = backend_;
  Connect();
}

void TunnelConnection::StartRelaying() {
  state_ = State::kRelaying;
  connect_took_ = parts_.loop.Now() - attempt_started_;
  ++backend_->window().succeeded;
  result_ = {breaker::Outcome::kSuccess, parts_.loop.Now() - attempt_started_};
  backend_->window().latency.Record(Micros(parts_.loop.Now() - attempt_started_));
  up_.emplace(parts_.loop, parts_.pipes, client_, end_->socket());
  down_.emplace(parts_.loop, parts_.pipes, end_->socket(), client_);
  AnnounceClient();
  failed_.reset();
  PumpUp();
  if (state_ == State::kRelaying) PumpDown();
}

void TunnelConnection::AnnounceClient() {
  const ProxyOut version = upstream_->config().proxy_out;
  if (version == ProxyOut::kNone) return;
  const Endpoint destination = arrival_.announced ? arrival_.destination : client_.LocalEndpoint();
  std::string header;
  if (version == ProxyOut::kV1) codec::AppendProxyV1(header, arrival_.client, destination);
  if (version == ProxyOut::kV2) codec::AppendProxyV2(header, arrival_.client, destination);
  up_->Prepend(header);
}

// --- bytes ---

void TunnelConnection::PumpUp() {
  const std::uint64_t before = up_->bytes();
  const Relay::Result result = up_->Move();
  backend_->window().request_bytes += up_->bytes() - before;
  listener_->RecordBytes(up_->bytes() - before, 0);
  received_ += up_->bytes() - before;
  if (result == Relay::Result::kToFailed && down_->ended()) return LeaveBackend();
  Pumped(result, Cause::kClientGone, Cause::kUpstreamClosed);
}

void TunnelConnection::PumpDown() {
  const std::uint64_t before = down_->bytes();
  const Relay::Result result = down_->Move();
  backend_->window().response_bytes += down_->bytes() - before;
  listener_->RecordBytes(0, down_->bytes() - before);
  sent_ += down_->bytes() - before;
  Pumped(result, Cause::kUpstreamClosed, Cause::kClientGone);
}

void TunnelConnection::Pumped(Relay::Result result, Cause from_failed, Cause to_failed) {
  if (result == Relay::Result::kFromFailed) return End(from_failed);
  if (result == Relay::Result::kToFailed) return End(to_failed);
  if (up_->ended() && down_->ended()) return End(Cause::kNone);
  timer_.Set(parts_.loop.Now() + idle_timeout_);
}

// The backend has said all and hears nothing more.
void TunnelConnection::LeaveBackend() {
  state_ = State::kLastWords;
  up_.reset();
  down_.reset();
  EndAttempt();
  end_->Close(/*reset=*/false);
  end_.reset();
  timer_.Set(parts_.loop.Now() + kLastWords);
  ReadLastWords();
}

void TunnelConnection::ReadLastWords() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    const loop::IoResult result = client_.Read(parts_.loop.scratch(), loop::EventLoop::kScratchBytes);
    if (result.kind == loop::IoResult::Kind::kWouldBlock) break;
    if (result.kind != loop::IoResult::Kind::kOk) return End(Cause::kNone);
  }
  client_.WaitReadable();
}

void TunnelConnection::OnReadable() {
  const Ref<TunnelConnection> keep(this);
  if (state_ == State::kHello) return ReadHello();
  if (state_ == State::kLastWords) return ReadLastWords();
  if (state_ == State::kRelaying) PumpUp();
}

void TunnelConnection::OnWritable() {
  const Ref<TunnelConnection> keep(this);
  if (state_ == State::kRelaying) PumpDown();
}

void TunnelConnection::BackendEnd::OnReadable() {
  if (tunnel_ == nullptr) return;
  const Ref<TunnelConnection> keep(tunnel_);
  if (keep->state_ == State::kRelaying) keep->PumpDown();
}

void TunnelConnection::BackendEnd::OnWritable() {
  if (tunnel_ == nullptr) return;
  const Ref<TunnelConnection> keep(tunnel_);
  if (keep->state_ == State::kRelaying) keep->PumpUp();
}

void TunnelConnection::BackendEnd::OnConnected(int error) {
  if (tunnel_ == nullptr) return;
  const Ref<TunnelConnection> keep(tunnel_);
  keep->OnBackendConnected(error);
}

// --- the end ---

void TunnelConnection::OnTimer(loop::Timer& timer) {
  const Ref<TunnelConnection> keep(this);
  if (&timer == &expiry_) return End(Cause::kTunnelExpired);
  switch (state_) {
    case State::kHello:
      return End(Cause::kClientHelloTimeout);
    case State::kConnecting:
      return ConnectFailed(Cause::kConnectTimeout);
    case State::kRelaying:
      return End(Cause::kIdleTimeout);
    case State::kLastWords:
      return End(Cause::kNone);
    case State::kNew:
    case State::kClosed:
      return;
  }
}

void TunnelConnection::CloseIfIdle() {
  if (state_ == State::kHello && !peeked_.any()) End(Cause::kNone);
}

void TunnelConnection::EndAttempt() {
  if (!attempt_open_) return;
  attempt_open_ = false;
  backend_->AttemptEnded(ticket_, result_);
  upstream_->Leave(attempt_is_retry_, breaker::IsFailure(result_.outcome));
}

void TunnelConnection::End(Cause cause) {
  if (state_ == State::kClosed) return;
  const Ref<TunnelConnection> keep(this);
  const bool reset = cause != Cause::kNone;
  if (state_ == State::kRelaying && cause == Cause::kUpstreamClosed) {
    ++backend_->window().failures[CauseIndex(cause)];
    result_.outcome = breaker::OutcomeOf(cause);
  }
  state_ = State::kClosed;
  timer_.Cancel();
  expiry_.Cancel();
  up_.reset();
  down_.reset();
  EndAttempt();
  if (end_) end_->Close(reset);
  end_.reset();
  client_.Close(reset);
  RecordEnd(cause);
  backend_.reset();
  failed_.reset();
  upstream_.reset();
  listener_->Drop(*this, refused_);
}

void TunnelConnection::RecordEnd(Cause cause) {
  exchange::Summary summary;
  summary.cause = cause;
  summary.started = started_;
  summary.route = route_name_;
  summary.upstream = upstream_name_;
  if (backend_) summary.backend = backend_->address();
  summary.attempts = attempts_;
  listener_->Record(summary, parts_.loop.Now());
  WriteLine(cause);
}

void TunnelConnection::WriteLine(Cause cause) {
  const listener::ListenerState::Serving& serving = listener_->Current();
  if (!serving.view || serving.view->pen == nullptr) return;
  const std::string client = arrival_.client.ip();
  access_log::Entry entry;
  entry.client = client;
  entry.listener = listener_->name();
  entry.route = route_name_;
  entry.upstream = upstream_name_;
  if (backend_) entry.backend = backend_->address();
  entry.host = server_name_;
  entry.protocol = serving.config->protocol == snapshot::ListenerProtocol::kTlsPassthrough ? "TLS" : "TCP";
  entry.cause = cause;
  entry.bytes_in = received_;
  entry.bytes_out = sent_;
  entry.took = parts_.loop.Now() - started_;
  entry.upstream_took = connect_took_;
  entry.attempts = attempts_;
  serving.view->pen->Write(entry, serving.config->access_log);
}

}  // namespace switchyard::agent::l4
