#include "agent/listener/h2_server_connection.h"

#include "agent/listener/h2_server_stream.h"

namespace switchyard::agent::listener {
namespace {

constexpr int kReadsPerTurn = 4;
// Between the two steps of GOAWAY: what the client sent before it heard of the first arrives (RFC 9113 section 6.8: at least a round trip). At least
// this long; then until the client has answered, but no longer than kGoawayPatience in all.
constexpr Duration kGoawayGrace = std::chrono::seconds(1);
constexpr Duration kGoawayPatience = std::chrono::seconds(5);
// A client that was told to go away gets this long, and this many bytes, to hear it.
constexpr Duration kLingerTime = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 1U << 20U;

}  // namespace

using codec::H2Error;
using codec::H2Session;
using loop::IoResult;
using loop::OutputBuffer;
using loop::Ref;

H2ServerConnection::H2ServerConnection(loop::EventLoop& loop, Ref<ListenerState> listener, std::string client_ip, std::string_view scheme)
    : loop_(loop),
      listener_(std::move(listener)),
      client_ip_(std::move(client_ip)),
      scheme_(scheme),
      socket_(loop, *this),
      idle_(loop.timers(), *this),
      head_(loop.timers(), *this),
      stall_(loop.timers(), *this),
      out_(loop.blocks()),
      session_(H2Session::Side::kServer, *this, listener_->Current().config->http2, listener_->Current().config->http2_limits, out_.text()) {}

H2ServerConnection::~H2ServerConnection() = default;

void H2ServerConnection::Start(loop::Socket& from, std::string_view bytes) {
  socket_.TakeOver(from);
  listener_->Add(*this, /*refused=*/false);
  if (listener_->closing()) StartDrain();
  Take(bytes);
  if (state_ == State::kOpen) socket_.WaitReadable();
}

// --- in ---

void H2ServerConnection::OnReadable() {
  const Ref<H2ServerConnection> keep(this);
  if (state_ == State::kLingering) return ReadLingering();
  for (int reads = 0; reads < kReadsPerTurn && state_ == State::kOpen; ++reads) {
    const IoResult result = socket_.Read(loop_.scratch(), loop::EventLoop::kScratchBytes);
    if (result.kind == IoResult::Kind::kWouldBlock) break;
    if (result.kind != IoResult::Kind::kOk) {
      EndStreams();
      return Close();
    }
    Take({loop_.scratch(), result.bytes});
    if (result.bytes < loop::EventLoop::kScratchBytes) break;
  }
  if (state_ == State::kOpen) socket_.WaitReadable();
}

void H2ServerConnection::Take(std::string_view bytes) {
  // Answers are put out at once.
  FlushSoon();
  const Cause fault = session_.Feed(bytes, loop_.Now());
  turning_.swap(touched_);
  for (const auto& stream : turning_) stream->TurnEnded();
  turning_.clear();
  if (fault != Cause::kNone) return End(fault);
  if (!session_.within_section()) {
    head_.Cancel();
  } else if (!head_.armed() || timed_section_ != session_.sections()) {
    // Each section has its time: a busy connection whose reads happen to end within one is not to blame.
    timed_section_ = session_.sections();
    head_.Set(loop_.Now() + listener_->Current().config->head_timeout);
  }
  ArmIdle();
}

void H2ServerConnection::Touch(H2ServerStream& stream) { touched_.emplace_back(&stream); }

codec::H2Stream* H2ServerConnection::OnNewStream(codec::StreamId) {
  if (state_ != State::kOpen || goaway_sent_) return nullptr;
  ++requests_;
  const Ref<H2ServerStream> stream(new H2ServerStream(*this));
  stream->place = streams_.size();
  streams_.push_back(stream);
  if (!announced_) idle_.Cancel();
  const std::uint32_t most = listener_->Current().config->max_requests_per_connection;
  if (most != 0 && requests_ >= most) StartDrain();
  return stream.get();
}

void H2ServerConnection::Drop(H2ServerStream& stream) {
  if (stream.place < streams_.size() && streams_[stream.place].get() == &stream) {
    const std::size_t place = stream.place;
    dropped_.push_back(std::move(streams_[place]));
    if (place + 1 != streams_.size()) streams_[place] = std::move(streams_.back());
    streams_.pop_back();
    if (place < streams_.size()) streams_[place]->place = place;
  }
  if (streams_.empty() && state_ == State::kOpen) {
    if (goaway_sent_) {
      EndSoon();
    } else {
      ArmIdle();
    }
  }
  FlushSoon();
}

// The time without requests runs from the end of the last one; frames that carry none do not stretch it.
void H2ServerConnection::ArmIdle() {
  if (state_ != State::kOpen || announced_ || idle_.armed() || !streams_.empty()) return;
  idle_.Set(loop_.Now() + listener_->Current().config->keep_alive_timeout);
}

// --- out ---

std::size_t H2ServerConnection::room() const {
  return out_.above_high_water() ? 0 : OutputBuffer::kHighWater - out_.pending();
}

void H2ServerConnection::FlushSoon() {
  if (flush_posted_ || state_ == State::kClosed) return;
  flush_posted_ = true;
  // The session appends to it; while nothing was under way its memory was given back.
  static_cast<void>(out_.text());
  loop_.Soon<&H2ServerConnection::EndTurn>(*this);
}

void H2ServerConnection::EndTurn() {
  Flush();
  dropped_.clear();
  flush_posted_ = false;
}

void H2ServerConnection::Flush() {
  if (state_ == State::kClosed || state_ == State::kLingering) return;
  while (true) {
    session_.Pump(room());
    if (state_ == State::kOpen && session_.fault() != Cause::kNone) {
      session_.Goaway(H2Error::kEnhanceYourCalm);
      End(session_.fault());
      continue;
    }
    const std::size_t before = out_.pending();
    if (before == 0) break;
    if (!out_.Flush(socket_)) {
      EndStreams();
      return Close();
    }
    if (out_.pending() > 0) {
      if (out_.pending() < before || !stall_.armed()) stall_.Set(loop_.Now() + listener_->Current().config->stall_timeout);
      return;
    }
  }
  stall_.Cancel();
  if (state_ == State::kClosing) return Linger();
  if (session_.finished()) {
    EndStreams();
    return Linger();
  }
  if (streams_.empty()) out_.Release();
}

void H2ServerConnection::OnWritable() {
  const Ref<H2ServerConnection> keep(this);
  Flush();
}

// --- the end ---

void H2ServerConnection::StartDrain() {
  if (announced_ || state_ != State::kOpen) return;
  announced_ = true;
  session_.AnnounceGoaway();
  idle_.Set(loop_.Now() + kGoawayGrace);
  FlushSoon();
}

void H2ServerConnection::OnGoawayKnown() {
  known_ = true;
  // Not from within the session's own turn.
  if (overdue_ && !goaway_sent_) idle_.Set(loop_.Now());
}

void H2ServerConnection::FinishGoaway() {
  if (goaway_sent_ || state_ != State::kOpen) return;
  announced_ = goaway_sent_ = true;
  session_.Goaway();
  if (streams_.empty()) EndSoon();
  FlushSoon();
}

void H2ServerConnection::End(Cause fault) {
  Fault(fault);
  EndStreams();
  EndSoon();
}

void H2ServerConnection::EndSoon() {
  if (state_ != State::kOpen) return;
  state_ = State::kClosing;
  idle_.Cancel();
  head_.Cancel();
  FlushSoon();
}

void H2ServerConnection::EndStreams(Cause cause) {
  const std::vector<Ref<H2ServerStream>> all = streams_;
  for (const auto& stream : all) {
    session_.Detach(*stream);
    stream->ConnectionClosed(cause);
  }
}

void H2ServerConnection::Linger() {
  state_ = State::kLingering;
  idle_.Set(loop_.Now() + kLingerTime);
  socket_.ShutdownWrite();
  socket_.WaitReadable();
}

void H2ServerConnection::ReadLingering() {
  while (true) {
    const IoResult result = socket_.Read(loop_.scratch(), loop::EventLoop::kScratchBytes);
    if (result.kind == IoResult::Kind::kWouldBlock) return socket_.WaitReadable();
    if (result.kind != IoResult::Kind::kOk) break;
    discarded_ += result.bytes;
    if (discarded_ > kLingerBytes) break;
  }
  Close();
}

void H2ServerConnection::OnTimer(loop::Timer& timer) {
  const Ref<H2ServerConnection> keep(this);
  if (&timer == &stall_) {
    Fault(Cause::kClientStalled);
    EndStreams();
    return Close();
  }
  if (&timer == &head_) {
    session_.Goaway(H2Error::kEnhanceYourCalm);
    return End(Cause::kHeadTimeout);
  }
  if (state_ == State::kLingering) return Close();
  if (announced_ && !goaway_sent_ && !known_ && !std::exchange(overdue_, true)) return idle_.Set(loop_.Now() + kGoawayPatience - kGoawayGrace);
  // Without requests for long enough, or the second step of GOAWAY.
  if (announced_ || streams_.empty()) FinishGoaway();
}

void H2ServerConnection::CloseIfIdle() {
  if (streams_.empty()) FinishGoaway();
}

void H2ServerConnection::Cut() {
  const Ref<H2ServerConnection> keep(this);
  EndStreams(Cause::kDraining);
  Close();
}

void H2ServerConnection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  idle_.Cancel();
  head_.Cancel();
  stall_.Cancel();
  socket_.Close();
  listener_->Drop(*this, /*refused=*/false);
}

}  // namespace switchyard::agent::listener
