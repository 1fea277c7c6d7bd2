#include "agent/listener/server_connection.h"

#include <vector>

#include "agent/codec/h1_lines.h"
#include "agent/codec/h1_writer.h"
#include "agent/codec/h2_session.h"
#include "agent/listener/h2_server_connection.h"

namespace switchyard::agent::listener {
namespace {

constexpr std::size_t kReadBytes = 8192;
constexpr std::size_t kMaxPipelined = 65536;
constexpr int kReadsPerTurn = 4;
// A client that was told to go away gets this long, and this many bytes, to hear it.
constexpr Duration kLingerTime = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 1U << 20U;

}  // namespace

using codec::BodyReader;
using codec::Framing;
using exchange::Exchange;
using loop::IoResult;
using loop::Ref;

ServerConnection::ServerConnection(loop::EventLoop& loop, Ref<ListenerState> listener)
    : loop_(loop),
      listener_(std::move(listener)),
      socket_(loop, *this),
      timer_(loop.timers(), *this),
      in_(loop.blocks()),
      pipelined_(loop.blocks()),
      out_(loop.blocks()) {}

void ServerConnection::Open(Accepted accepted, bool refuse) {
  if (!socket_.Adopt(accepted.fd)) return;
  socket_.SetLayer(std::move(accepted.layer));
  announced_ = std::move(accepted.announced);
  client_ip_ = announced_ ? announced_->client.ip() : accepted.peer.ip();
  refused_ = refuse;
  listener_->Add(*this, refuse);
  if (refuse) {
    RefuseHead(Cause::kTooManyConnections);
  } else {
    BecomeIdle();
  }
}

exchange::ClientAddresses ServerConnection::addresses() const {
  return announced_ ? *announced_ : exchange::ClientAddresses{socket_.PeerEndpoint(), socket_.LocalEndpoint()};
}

void ServerConnection::BecomeIdle() {
  state_ = State::kIdle;
  in_.Release();
  pipelined_.Release();
  out_.Release();
  timer_.Set(loop_.Now() + listener_->Current().config->keep_alive_timeout);
  socket_.WaitReadable();
}

void ServerConnection::OnReadable() {
  const Ref<ServerConnection> keep(this);
  switch (state_) {
    case State::kIdle:
    case State::kHead:
      return ReadHead();
    case State::kExchange:
      // A client that has ended its direction of a tunnel has nothing more to say, but still listens.
      if (body_.done()) return raw_ ? void() : ReadAhead();
      if (!paused_) ReadBody();
      return;
    case State::kLingering:
      return ReadLingering();
    case State::kNew:
    case State::kFlushing:
    case State::kClosed:
      return;
  }
}

// --- heads ---

void ServerConnection::ReadHead() {
  char* into = in_.Prepare(kReadBytes);
  const IoResult result = socket_.Read(into, in_.room());
  if (result.kind == IoResult::Kind::kWouldBlock) {
    in_.Release();
    return socket_.WaitReadable();
  }
  if (result.kind != IoResult::Kind::kOk) return Close(/*reset=*/false);
  in_.Commit(result.bytes);
  TakeHead();
}

void ServerConnection::TakeHead() {
  const snapshot::ListenerConfig& config = *listener_->Current().config;
  if (state_ == State::kIdle) {
    state_ = State::kHead;
    scanned_ = 0;
    request_started_ = loop_.Now();
    // RFC 9112 section 2.2: an empty line before a request is a known slip of old clients.
    if (in_.view().starts_with("\r\n")) in_.Consume(2);
  }
  if (requests_ == 0 && config.versions != snapshot::HttpVersions::kHttp1 && TakePreface(config)) return;
  const std::size_t size = codec::FindHeadEnd(in_.view(), scanned_);
  if (size == 0) {
    const Cause cause = codec::CheckPartialRequestHead(in_.view(), config.head_limits);
    if (cause != Cause::kNone) return RefuseHead(cause);
    // A head that came whole, as most do, needs no deadline.
    if (scanned_ == 0) timer_.Set(request_started_ + config.head_timeout);
    scanned_ = in_.size();
    return socket_.WaitReadable();
  }
  const Cause cause = codec::ParseRequestHead(in_.view().substr(0, size), config.head_limits, head_);
  if (cause != Cause::kNone) return RefuseHead(cause);
  StartExchange(size);
}

bool ServerConnection::TakePreface(const snapshot::ListenerConfig& config) {
  const std::string_view bytes = in_.view();
  if (bytes.starts_with(codec::kH2Preface)) {
    BecomeHttp2();
  } else if (codec::kH2Preface.starts_with(bytes)) {
    if (scanned_ == 0) timer_.Set(request_started_ + config.head_timeout);
    scanned_ = 1;
    socket_.WaitReadable();
  } else if (config.versions == snapshot::HttpVersions::kHttp2) {
    RefuseHead(Cause::kVersionNotSupported);
  } else {
    return false;
  }
  return true;
}

// The socket and what was read go to a connection of its own kind; this one is over.
void ServerConnection::BecomeHttp2() {
  state_ = State::kClosed;
  timer_.Cancel();
  const Ref<ServerConnection> keep(this);
  listener_->Drop(*this, refused_);
  const Ref<H2ServerConnection> next(new H2ServerConnection(loop_, listener_, client_ip_, scheme()));
  next->SetAnnounced(std::move(announced_));
  next->Start(socket_, in_.view());
}

Ref<Exchange> ServerConnection::MakeExchange() {
  const ListenerState::Serving& serving = listener_->Current();
  return Ref<Exchange>(new (loop_) Exchange(loop_, *this, head_, serving.view, *serving.config, request_started_));
}

void ServerConnection::RefuseHead(Cause cause) {
  state_ = State::kExchange;
  timer_.Cancel();
  if (request_started_ == TimePoint()) request_started_ = loop_.Now();
  head_.Clear();
  head_used_ = in_.size();
  // Whatever else the client sends is not looked at.
  body_.Start(Framing::kUntilClose, 0);
  paused_ = true;
  keep_ = false;
  exchange_ = MakeExchange();
  exchange_->Refuse(cause);
}

void ServerConnection::StartExchange(std::size_t head_size) {
  state_ = State::kExchange;
  timer_.Rest();
  ++requests_;
  head_used_ = head_size;
  paused_ = true;
  raw_ = blocked_ = response_ended_ = false;
  response_framing_ = Framing::kNone;
  const snapshot::ListenerConfig& config = *listener_->Current().config;
  keep_ = head_.keep_alive && !closing() &&
          (config.max_requests_per_connection == 0 || requests_ < config.max_requests_per_connection);
  const BodyReader::State state = body_.Start(head_.framing, head_.content_length, config.max_body_bytes);
  exchange_ = MakeExchange();
  const Ref<Exchange> exchange = exchange_;
  if (state == BodyReader::State::kTooLarge) {
    exchange->Refuse(Cause::kBodyTooLarge);
    return;
  }
  exchange->Start();
  if (state_ == State::kExchange && body_.done()) socket_.WaitReadable();
}

// --- bodies ---

void ServerConnection::PauseRequest() {
  paused_ = true;
  if (!raw_) timer_.Rest();
}

void ServerConnection::ResumeRequest() {
  if (!paused_ || state_ != State::kExchange || body_.done()) return;
  paused_ = false;
  if (!raw_) timer_.Set(loop_.Now() + listener_->Current().config->body_idle_timeout);
  // What came with the head goes first.
  const Ref<ServerConnection> keep(this);
  const std::string_view tail = in_.view().substr(head_used_);
  if (!tail.empty()) {
    head_used_ = in_.size();
    FeedBody(tail);
  }
  if (raw_ && !pipelined_.empty() && !paused_ && state_ == State::kExchange) {
    const std::string held(pipelined_.view());
    pipelined_.Consume(held.size());
    FeedBody(held);
  }
  if (state_ == State::kExchange && !paused_) socket_.WaitReadable();
}

void ServerConnection::ReadBody() {
  for (int reads = 0; reads < kReadsPerTurn && state_ == State::kExchange && !paused_ && !body_.done(); ++reads) {
    const IoResult result = socket_.Read(loop_.scratch(), loop::EventLoop::kScratchBytes);
    if (result.kind == IoResult::Kind::kWouldBlock) break;
    if (result.kind == IoResult::Kind::kEnd && raw_) {
      body_.Finish();
      if (exchange_) exchange_->OnRequestEnd(nullptr);
      break;
    }
    if (result.kind != IoResult::Kind::kOk) return ClientGone();
    if (!raw_) timer_.Set(loop_.Now() + listener_->Current().config->body_idle_timeout);
    FeedBody({loop_.scratch(), result.bytes});
    if (result.bytes < loop::EventLoop::kScratchBytes) break;
  }
  const bool more = body_.done() ? !raw_ : !paused_;
  if (state_ == State::kExchange && more) socket_.WaitReadable();
}

void ServerConnection::FeedBody(std::string_view bytes) {
  const Ref<Exchange> exchange = exchange_;
  loop::PieceList pieces(loop_);
  std::size_t consumed = 0;
  const BodyReader::State state = body_.Feed(bytes, consumed, *pieces);
  if (state == BodyReader::State::kBad || state == BodyReader::State::kTooLarge) {
    timer_.Cancel();
    exchange->OnRequestFailed(state == BodyReader::State::kBad ? Cause::kBadRequestBody : Cause::kBodyTooLarge);
    return;
  }
  for (const std::string_view piece : *pieces) exchange->OnRequestBody(piece);
  if (state_ != State::kExchange) return;  // refused by its route while the body came
  if (state == BodyReader::State::kDone) {
    timer_.Rest();
    pipelined_.Append(bytes.substr(consumed));
    exchange->OnRequestEnd(body_.trailers());
  }
  exchange->OnRequestTurn();
}

// The request is complete and its response is not: look out for the next request, and for the client leaving.
void ServerConnection::ReadAhead() {
  if (in_.size() - head_used_ + pipelined_.size() >= kMaxPipelined) return;
  char* into = pipelined_.Prepare(kReadBytes);
  const IoResult result = socket_.Read(into, kReadBytes);
  if (result.kind == IoResult::Kind::kOk) pipelined_.Commit(result.bytes);
  if (result.kind == IoResult::Kind::kEnd && (!exchange_ || exchange_->done())) return FlushThenEnd(/*client_may_send=*/false);
  if (result.kind == IoResult::Kind::kEnd || result.kind == IoResult::Kind::kError) return ClientGone();
  socket_.WaitReadable();
}

void ServerConnection::ClientGone() {
  if (exchange_ && !exchange_->done()) {
    exchange_->OnRequestFailed(Cause::kClientGone);
  } else {
    Close(/*reset=*/false);
  }
}

// --- responses ---

void ServerConnection::SendHead(const exchange::OutgoingResponse& response) {
  if (state_ != State::kExchange) return;
  std::string& out = out_.text();
  codec::AppendStatusLine(out, response.status, response.reason);
  codec::AppendHeaders(out, *response.headers);
  AppendFraming(response);
  codec::AppendHeadEnd(out);
}

void ServerConnection::AppendFraming(const exchange::OutgoingResponse& response) {
  std::string& out = out_.text();
  if (response.status == 101) {
    codec::AppendHeader(out, "Connection", "Upgrade");
    codec::AppendHeader(out, "Upgrade", response.upgrade);
    raw_ = true;
    keep_ = false;
    body_.Start(Framing::kUntilClose, 0);
    response_framing_ = Framing::kUntilClose;
    listener_->RecordUpgrade();
    return;
  }
  if (response.status < 200) return;
  response_framing_ = response.framing;
  if (response.close || closing()) keep_ = false;
  // A refusal that comes before the body has: rather than swallow the rest of it for a connection, say that this one ends.
  if (!body_.done() && response.status >= 300) keep_ = false;
  switch (response.framing) {
    case Framing::kUntilClose:
    case Framing::kChunked:
      if (head_.minor_version >= 1) {
        response_framing_ = Framing::kChunked;
        codec::AppendHeader(out, "Transfer-Encoding", "chunked");
      } else {
        keep_ = false;
      }
      break;
    case Framing::kLength:
      codec::AppendHeader(out, "Content-Length", response.content_length);
      break;
    case Framing::kNone:
      if (response.declared_length) codec::AppendHeader(out, "Content-Length", *response.declared_length);
      break;
  }
  if (!keep_) {
    codec::AppendHeader(out, "Connection", "close");
  } else if (head_.minor_version == 0) {
    codec::AppendHeader(out, "Connection", "keep-alive");
  }
}

bool ServerConnection::SendBody(std::string_view data) {
  if (state_ != State::kExchange || data.empty()) return true;
  const bool chunked = response_framing_ == Framing::kChunked;
  if (chunked) codec::AppendChunkStart(out_.text(), data.size());
  if (!out_.Write(socket_, data)) {
    // Not from within the exchange's own call.
    loop_.Soon<&ServerConnection::ClientGone>(*this);
    return true;
  }
  if (chunked) codec::AppendChunkEnd(out_.text());
  blocked_ = out_.Blocked(socket_);
  return !blocked_;
}

void ServerConnection::SendEnd(const codec::Trailers* trailers) {
  if (state_ != State::kExchange) return;
  if (raw_) {
    response_ended_ = true;
    if (out_.FlushLast(socket_) && out_.pending() == 0) socket_.ShutdownWrite();
  } else if (response_framing_ == Framing::kChunked) {
    codec::AppendLastChunk(out_.text(), trailers);
  }
}

void ServerConnection::Flush() {
  if (state_ == State::kExchange || state_ == State::kFlushing) out_.Flush(socket_);
}

void ServerConnection::OnWritable() {
  const Ref<ServerConnection> keep(this);
  if (!out_.Flush(socket_)) return ClientGone();
  if (state_ == State::kFlushing) {
    if (out_.pending() == 0) return EndConnection(linger_after_flush_);
    WatchFlushing();
  } else if (state_ == State::kExchange && next_waits_) {
    WatchFlushing();
    NextRequest();
  } else if (state_ == State::kExchange) {
    if (response_ended_ && out_.pending() == 0) socket_.ShutdownWrite();
    if (blocked_ && out_.pending() < loop::OutputBuffer::kHighWater / 2) {
      blocked_ = false;
      if (exchange_) exchange_->OnClientWritable();
    }
  }
}

// A client that takes nothing for this long does not want the rest.
void ServerConnection::WatchFlushing() { timer_.Set(loop_.Now() + listener_->Current().config->body_idle_timeout); }

void ServerConnection::Done(const exchange::Summary& summary, bool complete) {
  timer_.Rest();
  listener_->Record(summary, loop_.Now());
  if (state_ != State::kExchange) return;
  const bool request_complete = body_.done();
  if (!complete) {
    // With a stated length or chunks the missing end speaks for itself; without, only a reset tells the client that something is missing.
    out_.Flush(socket_);
    Close(/*reset=*/response_framing_ == Framing::kUntilClose && !raw_);
  } else if (keep_ && request_complete && !raw_) {
    out_.Flush(socket_);
    loop_.Soon<&ServerConnection::NextRequest>(*this);
  } else {
    FlushThenEnd(/*client_may_send=*/!request_complete);
  }
}

void ServerConnection::FlushThenEnd(bool client_may_send) {
  state_ = State::kFlushing;
  linger_after_flush_ = client_may_send;
  WatchFlushing();
  if (!out_.FlushLast(socket_)) {
    Close(/*reset=*/false);
  } else if (out_.pending() == 0) {
    EndConnection(linger_after_flush_);
  }
}

// A client that pipelines without reading must not make us hold its answers; and a connection is idle only when its last answer is out.
bool ServerConnection::MayGoOn() const {
  const bool more = in_.size() > head_used_ || !pipelined_.empty();
  return more ? out_.pending() < loop::OutputBuffer::kHighWater / 2 : out_.pending() == 0;
}

void ServerConnection::NextRequest() {
  if (state_ != State::kExchange) return;
  exchange_.reset();
  next_waits_ = !MayGoOn();
  if (next_waits_) {
    WatchFlushing();
    return socket_.WaitWritable();
  }
  timer_.Rest();
  in_.Consume(head_used_);
  head_used_ = 0;
  in_.Append(pipelined_.view());
  pipelined_.Consume(pipelined_.size());
  if (in_.empty()) {
    if (listener_->closing()) return EndConnection(/*client_may_send=*/false);
    return BecomeIdle();
  }
  state_ = State::kIdle;
  TakeHead();
}

// --- the end ---

void ServerConnection::EndConnection(bool client_may_send) {
  if (client_may_send) return Linger();
  // The end goes with what was flushed; a close alone might drop that, where bytes are left unread.
  socket_.ShutdownWrite();
  Close(/*reset=*/false);
}

void ServerConnection::Linger() {
  state_ = State::kLingering;
  socket_.ShutdownWrite();
  timer_.Set(loop_.Now() + kLingerTime);
  socket_.WaitReadable();
}

void ServerConnection::ReadLingering() {
  while (true) {
    const IoResult result = socket_.Read(loop_.scratch(), loop::EventLoop::kScratchBytes);
    if (result.kind == IoResult::Kind::kWouldBlock) return socket_.WaitReadable();
    if (result.kind != IoResult::Kind::kOk) break;
    discarded_ += result.bytes;
    if (discarded_ > kLingerBytes) break;
  }
  Close(/*reset=*/false);
}

void ServerConnection::OnTimer(loop::Timer&) {
  const Ref<ServerConnection> keep(this);
  switch (state_) {
    case State::kHead:
      return RefuseHead(Cause::kHeadTimeout);
    case State::kExchange:
      if (next_waits_) return Close(/*reset=*/true);
      if (exchange_) exchange_->OnRequestFailed(Cause::kBodyTimeout);
      return;
    case State::kIdle:
    case State::kFlushing:
    case State::kLingering:
      return Close(/*reset=*/state_ == State::kFlushing);
    case State::kNew:
    case State::kClosed:
      return;
  }
}

void ServerConnection::CloseIfIdle() {
  if (state_ == State::kIdle) Close(/*reset=*/false);
}

void ServerConnection::Cut() {
  if (exchange_ && !exchange_->done()) exchange_->OnRequestFailed(Cause::kDraining);
  Close(/*reset=*/false);
}

void ServerConnection::Close(bool reset) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timer_.Cancel();
  socket_.Close(reset);
  // Callers further up the stack may still use this object in this turn.
  loop_.Soon<&ServerConnection::DropExchange>(*this);
  listener_->Drop(*this, refused_);
}

}  // namespace switchyard::agent::listener
