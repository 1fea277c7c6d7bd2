#include "agent/codec/h2_session.h"

#include <algorithm>
#include <utility>

namespace switchyard::agent::codec {
namespace {

// What the first step of a graceful end names.
constexpr StreamId kAnyStream = 0x7fffffff;
// Until the backend has said otherwise (RFC 9113 section 6.5.2 recommends no less than this).
constexpr std::uint32_t kAssumedPeerStreams = 100;

}  // namespace

H2Session::H2Session(Side side, Owner& owner, const H2Settings& settings, const H2Limits& limits, std::string& out)
    : side_(side),
      owner_(owner),
      settings_(settings),
      peer_{.max_streams = kAssumedPeerStreams},
      meter_(limits),
      out_(out),
      reader_(/*preface=*/side == Side::kServer),
      decoder_(std::max(settings.header_table_bytes, kHpackTableBytes)) {
  StartOut();
}

H2Session::~H2Session() = default;

bool H2Session::may_request() const { return side_ == Side::kClient && !ended_ && !goaway_sent_ && !goaway_came_ && next_ < kAnyStream && next_ > 0; }

bool H2Session::finished() const {
  if (ended_) return true;
  return streams_.size() == 0 && !waiting_ && ready_.empty() && (goaway_sent_ || goaway_came_);
}

// --- streams ---

void H2Session::Attach(H2Stream& stream, StreamId id) {
  stream.session_ = this;
  stream.id_ = id;
  stream.window_ = peer_.window;
  stream.early_ = !settings_known_;
  streams_.Add(id, &stream);
}

bool H2Session::recently_reset(StreamId id) const { return std::find(resets_.begin(), resets_.end(), id) != resets_.end(); }

void H2Session::Reset(H2Stream& stream, H2Error error) {
  if (!stream.attached() || stream.reset_ || ended_) return;
  stream.reset_ = true;
  stream.reset_error_ = error;
  Unqueue(stream);
  Queue(ready_, stream);
}

void H2Session::ResetUnlessEnded(H2Stream& stream, H2Error error) {
  if (!stream.out_ended_) Reset(stream, error);
}

void H2Session::FinishIfOver(H2Stream& stream) {
  if (stream.in_ended_ && stream.sent_ && !stream.reset_) Finish(stream, H2Error::kNoError);
}

void H2Session::Finish(H2Stream& stream, H2Error error) {
  Release(stream);
  stream.OnClosed(error, stream.fault_);
}

void H2Session::Release(H2Stream& stream) {
  Unqueue(stream);
  if (!stream.waits_) {
    streams_.Remove(stream.id_);
  } else if (waiting_) {
    std::erase_if(*waiting_, [&](const Waiting& each) { return each.stream == &stream; });
    if (waiting_->empty()) waiting_.reset();
  }
  stream.session_ = nullptr;
}

void H2Session::Detach(H2Stream& stream) {
  if (!stream.attached()) return;
  const bool over = stream.waits_ || (stream.in_ended_ && stream.out_said_);
  Release(stream);
  if (!over) WriteReset(stream.id_, H2Error::kInternalError);
}

// --- windows that we give ---

void H2Session::Consume(StreamId id, std::size_t size) {
  ConsumeConnection(size);
  ConsumeStream(id, size);
}

// Given back by the half, so that the peer never waits for an update that is on its way and not every frame causes one.
void H2Session::ConsumeConnection(std::size_t size) {
  taken_ += static_cast<std::uint32_t>(size);
  if (taken_ < std::max(settings_.connection_window, kH2FirstWindow) / 2) return;
  WriteWindowUpdate(0, taken_);
  unreturned_ -= std::min(unreturned_, taken_);
  taken_ = 0;
}

void H2Session::ConsumeStream(StreamId id, std::size_t size) {
  H2Stream* const stream = streams_.Find(id);
  if (stream == nullptr || stream->in_ended_ || stream->reset_) return;
  stream->taken_ += static_cast<std::uint32_t>(size);
  if (stream->taken_ < std::max(settings_.stream_window / 2, 1U)) return;
  WriteWindowUpdate(id, stream->taken_);
  stream->unreturned_ -= std::min(stream->unreturned_, stream->taken_);
  stream->taken_ = 0;
}

// --- the end ---

void H2Session::AnnounceGoaway() {
  if (goaway_sent_ || ended_) return;
  WriteGoaway(kAnyStream, H2Error::kNoError);
  ping_sent_ = true;
  WriteFrame({8, H2Frame::kPing, 0, 0}, std::string_view("\0\0\0\0\0\0\0\0", 8));
}

void H2Session::Goaway(H2Error error) {
  if (ended_) return;
  WriteGoaway(accepted_, error);
  goaway_sent_ = true;
  ended_ = error != H2Error::kNoError;
}

}  // namespace switchyard::agent::codec
