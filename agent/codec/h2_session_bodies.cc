// Bodies that go out, as far as the windows let them, and their ends.
#include <algorithm>
#include <utility>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

// A DATA frame below this that leaves bytes behind was made small by the peer's window.
constexpr std::size_t kDribbleBytes = 256;

}  // namespace

// One DATA frame, or more of the last one if that is the stream's. Returns what the windows let go.
std::size_t H2Session::WriteData(H2Stream& stream, std::string_view data) {
  const std::int64_t windows = std::min(stream.window_, window_);
  if (windows <= 0) return 0;
  const bool grows = tail_of_ == stream.id_ && tail_end_ == out_.size() && static_cast<H2Frame>(out_[tail_at_ + 3]) == H2Frame::kData;
  const std::size_t has = grows ? tail_end_ - tail_at_ - kH2HeaderBytes : 0;
  const std::size_t most = grows && has < peer_.frame_bytes ? peer_.frame_bytes - has : peer_.frame_bytes;
  const std::size_t size = std::min({data.size(), static_cast<std::size_t>(windows), most});
  if (grows && has < peer_.frame_bytes) {
    WriteFrameHeader(out_.data() + tail_at_, {static_cast<std::uint32_t>(has + size), H2Frame::kData, 0, stream.id_});
  } else {
    tail_of_ = stream.id_;
    tail_at_ = out_.size();
    AppendFrameHeader(out_, {static_cast<std::uint32_t>(size), H2Frame::kData, 0, stream.id_});
    meter_.SentData(!(size < kDribbleBytes && size < data.size()));
  }
  out_.append(data.substr(0, size));
  tail_end_ = out_.size();
  stream.window_ -= static_cast<std::int64_t>(size);
  window_ -= static_cast<std::int64_t>(size);
  stream.gone_ += size;
  return size;
}

bool H2Session::Write(H2Stream& stream, std::string_view data, std::size_t room) {
  if (!stream.attached() || stream.reset_ || stream.out_ended_ || ended_) return true;
  // Nobody overtakes those that wait already.
  if (stream.waiting() == 0 && sending_.empty() && !stream.waits_) {
    const std::size_t limit = out_.size() + room;
    while (!data.empty() && out_.size() < limit) {
      const std::size_t size = WriteData(stream, data);
      if (size == 0) break;
      data.remove_prefix(size);
    }
  }
  if (data.empty()) return !stream.above_;
  if (stream.held_sent_ >= H2Stream::kHighWater) {
    stream.held_.erase(0, stream.held_sent_);
    stream.held_sent_ = 0;
  }
  stream.held_.append(data);
  if (stream.window_ > 0 && !stream.waits_) Queue(sending_, stream);
  stream.above_ = stream.waiting() > H2Stream::kHighWater;
  return !stream.above_;
}

void H2Session::End(H2Stream& stream, const Trailers* trailers) {
  if (!stream.attached() || stream.reset_ || stream.out_ended_ || ended_) return;
  stream.out_ended_ = true;
  static const Trailers kNone;
  if (stream.waiting() == 0 && !stream.waits_) return SayEnd(stream, trailers != nullptr ? *trailers : kNone);
  if (trailers != nullptr) stream.trailers_ = *trailers;
}

// All of the body is out: the end of it, on the last frame if that can still be.
void H2Session::SayEnd(H2Stream& stream, const Trailers& trailers) {
  if (!trailers.empty()) {
    WriteTrailers(stream, trailers);
  } else if (tail_of_ == stream.id_ && tail_end_ == out_.size()) {
    out_[tail_at_ + 4] = static_cast<char>(static_cast<std::uint8_t>(out_[tail_at_ + 4]) | kH2EndStream);
  } else {
    WriteFrame({0, H2Frame::kData, kH2EndStream, stream.id_}, {});
  }
  tail_of_ = 0;
  stream.out_said_ = true;
  Unqueue(stream);
  Queue(ready_, stream);
}

// One frame of what waits, then it is the next one's turn.
void H2Session::WriteHeld(H2Stream& stream) {
  sending_.Remove(stream);
  stream.held_sent_ += WriteData(stream, std::string_view(stream.held_).substr(stream.held_sent_));
  if (stream.waiting() == 0) {
    stream.held_.clear();
    stream.held_sent_ = 0;
    if (stream.out_ended_) SayEnd(stream, stream.trailers_);
  } else if (stream.window_ > 0) {
    sending_.PushBack(stream);
  }
  if (!stream.above_ || stream.waiting() >= H2Stream::kHighWater / 2) return;
  stream.above_ = false;
  stream.OnDrained();
}

}  // namespace switchyard::agent::codec
