#include "agent/upstream/h2_client_connection.h"

#include <algorithm>
#include "agent/upstream/h2_client_stream.h"

namespace switchyard::agent::upstream {
namespace {

constexpr int kReadsPerTurn = 4;
constexpr Duration kStallTime = std::chrono::seconds(30);
constexpr std::uint32_t kStreamWindow = 65'536;
// The connection's window never stands in the way: each stream's bytes are bounded by its own.
constexpr std::uint32_t kConnectionWindow = 16'777'216;
// A backend is trusted more than a client, but not without end.
constexpr codec::H2Limits kLimits{.resets = 100'000, .control_frames = 100'000, .continuations = 16, .section_bytes = 262'144};

codec::H2Settings Settings() {
  codec::H2Settings settings;
  settings.stream_window = kStreamWindow;
  settings.connection_window = kConnectionWindow;
  settings.max_field_bytes = 65'536;
  settings.max_fields = 200;
  return settings;
}

}  // namespace

using codec::H2Session;
using loop::IoResult;
using loop::OutputBuffer;
using loop::Ref;

H2ClientConnection::H2ClientConnection(loop::EventLoop& loop, Keeper& keeper, std::uint32_t expected)
    : loop_(loop),
      keeper_(keeper),
      socket_(loop, *this),
      timer_(loop.timers(), *this),
      stall_(loop.timers(), *this),
      out_(loop.blocks()),
      session_(H2Session::Side::kClient, *this, Settings(), kLimits, out_.text()),
      expected_(expected) {}

H2ClientConnection::~H2ClientConnection() = default;

// --- connecting ---

void H2ClientConnection::Connect(const Dial& dial) {
  dial_ = dial;
  state_ = State::kConnecting;
  // An error that is known at once is reported by the timer, so that the pool is never called from within its own call.
  bad_address_ = socket_.Connect(dial.to) != 0;
  if (!bad_address_) dial.socket.Set(socket_.fd());
  timer_.Set(loop_.Now() + (bad_address_ ? Duration::zero() : dial.timeout));
}

void H2ClientConnection::OnConnected(int error) {
  if (state_ != State::kConnecting) return;
  if (error != 0 || !socket_.WriteFirst(dial_.preface)) return EndConnecting(Cause::kConnectFailed);
  if (dial_.tls == nullptr) return EndConnecting(Cause::kNone);
  timer_.Set(loop_.Now() + dial_.tls->handshake_timeout);
  if (!StartTls(socket_, dial_, loop_.clock().WallNow())) EndConnecting(Cause::kUpstreamTlsFailed);
}

void H2ClientConnection::OnHandshake(bool done) {
  if (state_ != State::kConnecting) return;
  if (!done) return EndConnecting(TlsFailure(socket_));
  // RFC 9113 section 3.2: without the protocol being agreed on the backend would not understand the preface.
  chose_other_version_ = socket_.layer()->protocol() != "h2";
  EndConnecting(chose_other_version_ ? Cause::kUpstreamTlsFailed : Cause::kNone);
}

void H2ClientConnection::EndConnecting(Cause cause) {
  const Ref<H2ClientConnection> keep(this);
  timer_.Cancel();
  dial_.tls.reset();
  state_ = cause == Cause::kNone ? State::kOpen : State::kClosed;
  if (cause == Cause::kNone) {
    socket_.WaitReadable();
    // A backend may hang up on who never says the preface (RFC 9113 section 3.4), so it does not wait for a request.
    FlushSoon();
  } else {
    socket_.Close();
  }
  keeper_.OnConnectDone(*this, cause);
}

void H2ClientConnection::OnTimer(loop::Timer& timer) {
  const Ref<H2ClientConnection> keep(this);
  if (state_ == State::kConnecting) return EndConnecting(bad_address_ ? Cause::kConnectFailed : Cause::kConnectTimeout);
  if (&timer == &stall_) return Fail();
  if (streams_.empty()) Fail();
}

// --- what the pool asks ---

std::uint32_t H2ClientConnection::room() const {
  if (state_ != State::kOpen || retired_ || !session_.may_request()) return 0;
  return capacity() > streams() ? capacity() - streams() : 0;
}

std::uint32_t H2ClientConnection::capacity() const { return std::min(settings_seen_ ? session_.peer_max_streams() : expected_, kMaxStreams); }

Ref<ClientStream> H2ClientConnection::Take() {
  timer_.Cancel();
  ++requests_;
  const Ref<H2ClientStream> stream(new H2ClientStream(Ref<H2ClientConnection>(this)));
  stream->place = streams_.size();
  streams_.push_back(stream);
  return stream;
}

void H2ClientConnection::Park(Duration timeout) {
  if (!timer_.armed()) timer_.Set(loop_.Now() + timeout);
  out_.Release();
}

void H2ClientConnection::CloseQuietly() {
  timer_.Cancel();
  stall_.Cancel();
  if (state_ == State::kOpen) {
    session_.Goaway();
    session_.Pump(OutputBuffer::kHighWater);
    out_.Flush(socket_);
  }
  state_ = State::kClosed;
  socket_.Close();
  // Streams that were given up and whose end has not been said yet.
  const std::vector<Ref<H2ClientStream>> rest = std::move(streams_);
  streams_.clear();
  for (const auto& stream : rest) {
    session_.Detach(*stream);
    stream->ConnectionClosed();
  }
}

// --- in ---

void H2ClientConnection::OnReadable() {
  const Ref<H2ClientConnection> keep(this);
  for (int reads = 0; reads < kReadsPerTurn && state_ == State::kOpen; ++reads) {
    const IoResult result = socket_.Read(loop_.scratch(), loop::EventLoop::kScratchBytes);
    if (result.kind == IoResult::Kind::kWouldBlock) break;
    if (result.kind != IoResult::Kind::kOk) return Fail();
    Take({loop_.scratch(), result.bytes});
    if (result.bytes < loop::EventLoop::kScratchBytes) break;
  }
  if (state_ == State::kOpen) socket_.WaitReadable();
}

void H2ClientConnection::Take(std::string_view bytes) {
  // Answers are put out at once.
  FlushSoon();
  const Cause fault = session_.Feed(bytes, loop_.Now());
  turning_.swap(touched_);
  for (const auto& stream : turning_) stream->TurnEnded();
  turning_.clear();
  if (fault == Cause::kNone || state_ != State::kOpen) return;
  session_.Pump(OutputBuffer::kHighWater);
  out_.Flush(socket_);
  Fail();
}

void H2ClientConnection::Touch(H2ClientStream& stream) { touched_.emplace_back(&stream); }

// What is above `last` will be closed as refused by the session.
void H2ClientConnection::OnGoaway(codec::StreamId, codec::H2Error) {
  retired_ = true;
  room_news_ = true;
}

void H2ClientConnection::OnSettings() {
  settings_seen_ = true;
  room_news_ = true;
}

// --- out ---

std::size_t H2ClientConnection::output_room() const {
  return out_.above_high_water() ? 0 : OutputBuffer::kHighWater - out_.pending();
}

void H2ClientConnection::FlushSoon() {
  if (flush_posted_ || state_ == State::kClosed) return;
  flush_posted_ = true;
  // The session appends to it; while nothing was under way its memory was given back.
  static_cast<void>(out_.text());
  loop_.Soon<&H2ClientConnection::EndTurn>(*this);
}

void H2ClientConnection::EndTurn() {
  Flush();
  dropped_.clear();
  flush_posted_ = false;
  TellRoom();
}

void H2ClientConnection::Flush() {
  if (state_ != State::kOpen) return;
  while (true) {
    session_.Pump(output_room());
    const std::size_t before = out_.pending();
    if (before == 0) break;
    if (!out_.Flush(socket_)) return;  // shows as a failed read, which may still bring answers
    if (out_.pending() > 0) {
      if (out_.pending() < before || !stall_.armed()) stall_.Set(loop_.Now() + kStallTime);
      return;
    }
  }
  stall_.Cancel();
  if (session_.finished()) return Fail();
  if (streams_.empty()) out_.Release();
}

void H2ClientConnection::OnWritable() {
  const Ref<H2ClientConnection> keep(this);
  Flush();
}

// --- the end ---

void H2ClientConnection::Drop(H2ClientStream& stream) {
  if (stream.place < streams_.size() && streams_[stream.place].get() == &stream) {
    const std::size_t place = stream.place;
    dropped_.push_back(std::move(streams_[place]));
    if (place + 1 != streams_.size()) streams_[place] = std::move(streams_.back());
    streams_.pop_back();
    if (place < streams_.size()) streams_[place]->place = place;
  }
  room_news_ = true;
  FlushSoon();
}

// Once a turn, and outside of every stream's events: the pool may hand out requests at once, or end the connection.
void H2ClientConnection::TellRoom() {
  if (!room_news_ || state_ != State::kOpen) return;
  const Ref<H2ClientConnection> keep(this);
  room_news_ = false;
  if (streams_.empty() && (retired_ || !session_.may_request())) return Close();
  keeper_.OnRoom(*this);
}

void H2ClientConnection::Fail() {
  const Ref<H2ClientConnection> keep(this);
  const std::vector<Ref<H2ClientStream>> all = std::move(streams_);
  streams_.clear();
  retired_ = true;
  for (const auto& stream : all) {
    session_.Detach(*stream);
    stream->ConnectionClosed();
  }
  Close();
}

void H2ClientConnection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timer_.Cancel();
  stall_.Cancel();
  touched_.clear();
  socket_.Close();
  keeper_.OnClosed(*this);
}

}  // namespace switchyard::agent::upstream
