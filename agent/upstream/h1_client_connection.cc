#include "agent/upstream/h1_client_connection.h"

#include <vector>

#include "agent/codec/h1_lines.h"
#include "agent/codec/h1_writer.h"

namespace switchyard::agent::upstream {
namespace {

constexpr codec::HeadLimits kResponseLimits{.max_head_bytes = 65536, .max_headers = 200, .max_target_bytes = 0};
// Reads per readiness, so that one busy backend does not hold up the others of its worker.
constexpr int kReadsPerTurn = 4;
// Informational heads before one final head; a backend that sends more is answering nobody.
constexpr int kMaxInformational = 16;
// A tunnel whose both ends are done gets this long to hand over its last bytes.
constexpr Duration kLastBytes = std::chrono::seconds(30);

}  // namespace

using codec::Framing;
using loop::IoResult;
using loop::Ref;

H1ClientConnection::H1ClientConnection(loop::EventLoop& loop, Keeper& keeper)
    : loop_(loop), keeper_(keeper), socket_(loop, *this), timer_(loop.timers(), *this), in_(loop.blocks()), out_(loop.blocks()) {}

void H1ClientConnection::Connect(const Dial& dial) {
  dial_ = dial;
  state_ = State::kConnecting;
  timer_.Set(loop_.Now() + dial.timeout);
  if (socket_.Connect(dial.to) != 0) {
    // Reported by the timer, so that the pool is never called from within its own call.
    timer_.Set(loop_.Now());
    keep_alive_ = false;
    return;
  }
  dial.socket.Set(socket_.fd());
}

void H1ClientConnection::OnConnected(int error) {
  if (state_ != State::kConnecting) return;
  if (error != 0 || !socket_.WriteFirst(dial_.preface)) return EndConnecting(Cause::kConnectFailed);
  if (dial_.tls == nullptr) return EndConnecting(Cause::kNone);
  timer_.Set(loop_.Now() + dial_.tls->handshake_timeout);
  if (!StartTls(socket_, dial_, loop_.clock().WallNow())) EndConnecting(Cause::kUpstreamTlsFailed);
}

void H1ClientConnection::OnHandshake(bool done) {
  if (state_ != State::kConnecting) return;
  if (!done) return EndConnecting(TlsFailure(socket_));
  chose_other_version_ = socket_.layer()->protocol() == "h2";
  EndConnecting(chose_other_version_ ? Cause::kUpstreamTlsFailed : Cause::kNone);
}

void H1ClientConnection::EndConnecting(Cause cause) {
  timer_.Cancel();
  dial_.tls.reset();
  state_ = cause == Cause::kNone ? State::kIdle : State::kClosed;
  if (cause != Cause::kNone) socket_.Close();
  keeper_.OnConnectDone(*this, cause);
}

void H1ClientConnection::OnTimer(loop::Timer&) {
  const Ref<H1ClientConnection> keep(this);
  if (state_ == State::kConnecting) {
    EndConnecting(keep_alive_ ? Cause::kConnectTimeout : Cause::kConnectFailed);
  } else if (state_ == State::kIdle || state_ == State::kFlushing) {
    Close(/*reset=*/state_ == State::kFlushing);
  }
}

void H1ClientConnection::Park(Duration timeout) {
  timer_.Set(loop_.Now() + timeout);
  in_.Release();
  out_.Release();
  socket_.WaitReadable();
}

void H1ClientConnection::CloseQuietly() {
  timer_.Cancel();
  state_ = State::kClosed;
  events_ = nullptr;
  socket_.Close();
}

Ref<ClientStream> H1ClientConnection::Take() {
  timer_.Rest();
  state_ = State::kBusy;
  ++requests_;
  return Ref<ClientStream>(this);
}

void H1ClientConnection::Begin(ClientStreamEvents& events) {
  events_ = &events;
  request_ended_ = head_done_ = response_done_ = raw_ = paused_ = blocked_ = asked_upgrade_ = false;
  keep_alive_ = true;
  informational_ = 0;
}

void H1ClientConnection::SendHead(const OutgoingRequest& request) {
  std::string& out = out_.text();
  codec::AppendRequestLine(out, request.method, request.path_and_query);
  codec::AppendHeaders(out, *request.headers);
  request_framing_ = request.framing;
  is_head_request_ = request.method == "HEAD";
  asked_upgrade_ = !request.upgrade.empty();
  if (asked_upgrade_) {
    codec::AppendHeader(out, "Connection", "Upgrade");
    codec::AppendHeader(out, "Upgrade", request.upgrade);
  }
  if (request.framing == Framing::kChunked) codec::AppendHeader(out, "Transfer-Encoding", "chunked");
  if (request.framing == Framing::kLength) codec::AppendHeader(out, "Content-Length", request.content_length);
  if (request.states_empty_body) out += "Content-Length: 0\r\n";
  codec::AppendHeadEnd(out);
  socket_.WaitReadable();
}

bool H1ClientConnection::SendBody(std::string_view data) {
  if (state_ != State::kBusy || data.empty()) return true;
  const bool chunked = request_framing_ == Framing::kChunked && !raw_;
  if (chunked) codec::AppendChunkStart(out_.text(), data.size());
  // A failed write shows as a failed read, which may still bring the backend's early answer; so it is not reported here.
  const bool sent = out_.Write(socket_, data);
  if (!sent) return true;
  if (chunked) codec::AppendChunkEnd(out_.text());
  blocked_ = out_.Blocked(socket_);
  return !blocked_;
}

void H1ClientConnection::SendEnd(const codec::Trailers* trailers) {
  if (state_ != State::kBusy) return;
  if (request_framing_ == Framing::kChunked && !raw_) codec::AppendLastChunk(out_.text(), trailers);
  request_ended_ = true;
  if (raw_ && out_.pending() == 0) socket_.ShutdownWrite();
}

void H1ClientConnection::Flush() {
  if (state_ == State::kBusy) out_.Flush(socket_);
}

void H1ClientConnection::OnWritable() {
  const Ref<H1ClientConnection> keep(this);
  if (state_ == State::kFlushing) {
    if (!out_.Flush(socket_) || out_.pending() == 0) Close(/*reset=*/false);
    return;
  }
  if (state_ != State::kBusy) return;
  out_.Flush(socket_);
  if (raw_ && request_ended_ && out_.pending() == 0) socket_.ShutdownWrite();
  if (blocked_ && out_.pending() < loop::OutputBuffer::kHighWater / 2) {
    blocked_ = false;
    events_->OnUpstreamWritable();
  }
}

void H1ClientConnection::PauseResponse() { paused_ = true; }

void H1ClientConnection::ResumeResponse() {
  if (!paused_) return;
  paused_ = false;
  if (state_ == State::kBusy) socket_.WaitReadable();
}

void H1ClientConnection::Cancel() {
  if (state_ != State::kBusy) return;
  const Ref<H1ClientConnection> keep(this);
  events_ = nullptr;
  if (raw_ && request_ended_ && body_.done() && out_.pending() > 0) {
    state_ = State::kFlushing;
    timer_.Set(loop_.Now() + kLastBytes);
    return;
  }
  Close(/*reset=*/!raw_);
}

void H1ClientConnection::OnReadable() {
  const Ref<H1ClientConnection> keep(this);
  if (state_ == State::kIdle) {
    if (socket_.Quiet()) return socket_.WaitReadable();
    // Closed by the backend, or bytes that nobody asked for: either way it cannot be used again.
    Close(/*reset=*/false);
  } else if (state_ == State::kBusy && !paused_) {
    ReadBusy();
  }
}

void H1ClientConnection::ReadBusy() {
  for (int reads = 0; reads < kReadsPerTurn && state_ == State::kBusy && !paused_; ++reads) {
    char* into = loop_.scratch();
    const IoResult result = socket_.Read(into, loop::EventLoop::kScratchBytes);
    if (result.kind == IoResult::Kind::kWouldBlock) break;
    if (result.kind != IoResult::Kind::kOk) {
      OnPeerClosed(result.kind == IoResult::Kind::kEnd);
      break;
    }
    TakeBytes({into, result.bytes});
    if (result.bytes < loop::EventLoop::kScratchBytes) break;
  }
  if (events_ != nullptr) events_->OnResponseTurn();
  if (state_ == State::kBusy && !paused_) socket_.WaitReadable();
}

void H1ClientConnection::TakeBytes(std::string_view bytes) {
  // An incomplete head waits in `in_`; from then on it is continued there.
  const bool continued = !in_.empty();
  if (continued) {
    in_.Append(bytes);
    bytes = in_.view();
  }
  std::size_t used = 0;
  while (used < bytes.size() && state_ == State::kBusy && !response_done_) {
    const std::size_t took = head_done_ ? TakeBody(bytes.substr(used)) : TakeHead(bytes.substr(used));
    if (took == 0) break;
    used += took;
  }
  if (state_ != State::kBusy) return;
  const std::string_view rest = bytes.substr(used);
  const bool surplus = response_done_ && !rest.empty();
  if (continued) {
    in_.Consume(used);
  } else if (!response_done_) {
    in_.Append(rest);
  }
  if (response_done_) {
    // Bytes behind the one response that was asked for must never pass for the answer to the next request.
    if (surplus) keep_alive_ = false;
    EndResponse();
    return;
  }
  if (state_ == State::kBusy && !head_done_ && in_.size() > kResponseLimits.max_head_bytes) Fail(Cause::kBadResponse);
}

std::size_t H1ClientConnection::TakeHead(std::string_view bytes) {
  const std::size_t size = codec::FindHeadEnd(bytes, 0);
  if (size == 0) return 0;
  if (codec::ParseResponseHead(bytes.substr(0, size), kResponseLimits, is_head_request_, head_) != Cause::kNone) {
    Fail(Cause::kBadResponse);
    return 0;
  }
  const bool switching = head_.status == 101;
  if (switching && !asked_upgrade_) {
    Fail(Cause::kBadResponse);
    return 0;
  }
  if (head_.status < 200 && !switching && ++informational_ > kMaxInformational) {
    Fail(Cause::kBadResponse);
    return 0;
  }
  if (head_.status >= 200 || switching) {
    head_done_ = true;
    raw_ = switching;
    keep_alive_ = head_.keep_alive && head_.framing != Framing::kUntilClose && !switching;
    body_.Start(raw_ ? Framing::kUntilClose : head_.framing, head_.content_length);
  }
  if (raw_) request_ended_ = false;
  events_->OnResponseHead(head_);
  if (state_ == State::kBusy && head_done_ && body_.done()) response_done_ = true;
  return size;
}

std::size_t H1ClientConnection::TakeBody(std::string_view bytes) {
  loop::PieceList pieces(loop_);
  std::size_t consumed = 0;
  const codec::BodyReader::State state = body_.Feed(bytes, consumed, *pieces);
  for (const std::string_view piece : *pieces) {
    if (events_ != nullptr) events_->OnResponseBody(piece);
  }
  if (state_ != State::kBusy) return consumed;
  if (state == codec::BodyReader::State::kDone) response_done_ = true;
  if (state == codec::BodyReader::State::kBad) Fail(Cause::kTruncatedResponse);
  return consumed;
}

void H1ClientConnection::OnPeerClosed(bool clean) {
  if (!head_done_) {
    Fail(Cause::kUpstreamClosed);
  } else if (clean && body_.Finish() == codec::BodyReader::State::kDone) {
    keep_alive_ = false;
    EndResponse();
  } else {
    Fail(Cause::kTruncatedResponse);
  }
}

void H1ClientConnection::EndResponse() {
  ClientStreamEvents* events = events_;
  // A raw stream lives on until its other direction ends, too.
  if (raw_) {
    paused_ = true;
    events->OnResponseEnd(nullptr);
    return;
  }
  const codec::Trailers* trailers = body_.trailers();
  const bool reusable = keep_alive_ && request_done() && !retired_;
  if (reusable) state_ = State::kIdle;
  events->OnResponseEnd(trailers);
  events_ = nullptr;
  events->OnResponseTurn();
  if (!reusable) {
    Close(/*reset=*/false);
  } else if (state_ == State::kIdle) {
    keeper_.OnRoom(*this);
  }
}

void H1ClientConnection::Fail(Cause cause) {
  ClientStreamEvents* events = events_;
  events_ = nullptr;
  Close(/*reset=*/cause != Cause::kUpstreamClosed);
  if (events != nullptr) events->OnUpstreamFailed(cause);
}

void H1ClientConnection::Close(bool reset) {
  if (state_ == State::kClosed) return;
  timer_.Cancel();
  state_ = State::kClosed;
  socket_.Close(reset);
  keeper_.OnClosed(*this);
}

}  // namespace switchyard::agent::upstream
