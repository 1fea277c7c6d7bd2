// What goes out besides heads and bodies, straight into the output; and the turns of streams that had to wait.
#include <algorithm>
#include <array>
#include <utility>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

// Of our resets, so that what was on its way then is known for what it is.
constexpr std::size_t kLeastRemembered = 32;

void AddSetting(std::string& out, H2Setting id, std::uint32_t value) {
  std::array<char, kH2SettingBytes> bytes;
  WriteBig32(bytes.data(), std::uint32_t{static_cast<std::uint16_t>(id)} << 16U);
  WriteBig32(bytes.data() + 2, value);
  out.append(bytes.data(), bytes.size());
}

}  // namespace

void H2Session::StartOut() {
  if (side_ == Side::kClient) out_.append(kH2Preface);
  const std::size_t at = out_.size();
  AppendFrameHeader(out_, {0, H2Frame::kSettings, 0, 0});
  AddSetting(out_, H2Setting::kInitialWindowSize, settings_.stream_window);
  AddSetting(out_, H2Setting::kMaxHeaderListSize, settings_.max_field_bytes);
  AddSetting(out_, H2Setting::kHeaderTableSize, settings_.header_table_bytes);
  if (side_ == Side::kServer) {
    AddSetting(out_, H2Setting::kMaxConcurrentStreams, settings_.max_concurrent_streams);
    AddSetting(out_, H2Setting::kNoRfc7540Priorities, 1);
    if (settings_.extended_connect) AddSetting(out_, H2Setting::kEnableConnectProtocol, 1);
  } else {
    AddSetting(out_, H2Setting::kEnablePush, 0);
  }
  const auto size = static_cast<std::uint32_t>(out_.size() - at - kH2HeaderBytes);
  WriteFrameHeader(out_.data() + at, {size, H2Frame::kSettings, 0, 0});
  if (settings_.connection_window > kH2FirstWindow) WriteWindowUpdate(0, settings_.connection_window - kH2FirstWindow);
}

void H2Session::WriteFrame(const H2FrameHeader& header, std::string_view payload) {
  if (ended_) return;
  AppendFrameHeader(out_, header);
  out_.append(payload);
}

void H2Session::WriteWindowUpdate(StreamId id, std::uint32_t size) {
  std::array<char, 4> payload;
  WriteBig32(payload.data(), size);
  WriteFrame({4, H2Frame::kWindowUpdate, 0, id}, {payload.data(), payload.size()});
}

void H2Session::WriteReset(StreamId id, H2Error error) {
  const std::size_t most = std::max<std::size_t>(kLeastRemembered, settings_.max_concurrent_streams);
  if (resets_.size() < most) {
    resets_.push_back(id);
  } else {
    resets_[reset_at_++ % most] = id;
  }
  std::array<char, 4> payload;
  WriteBig32(payload.data(), static_cast<std::uint32_t>(error));
  WriteFrame({4, H2Frame::kResetStream, 0, id}, {payload.data(), payload.size()});
}

void H2Session::WriteGoaway(StreamId last, H2Error error) {
  std::array<char, 8> payload;
  WriteBig32(payload.data(), static_cast<std::uint32_t>(last));
  WriteBig32(payload.data() + 4, static_cast<std::uint32_t>(error));
  WriteFrame({8, H2Frame::kGoaway, 0, 0}, {payload.data(), payload.size()});
}

// --- turns ---

void H2Session::Queue(H2Queue& queue, H2Stream& stream) {
  if (stream.queue_ == nullptr) queue.PushBack(stream);
}

void H2Session::Unqueue(H2Stream& stream) {
  if (stream.queue_ != nullptr) stream.queue_->Remove(stream);
}

// What a stream has to say besides data, or to be told.
void H2Session::Serve(H2Stream& stream) {
  ready_.Remove(stream);
  if (!stream.reset_) {
    stream.sent_ = true;
    stream.OnSent();
    if (stream.session_ == this) FinishIfOver(stream);
    return;
  }
  if (stream.id_ != 0) WriteReset(stream.id_, stream.reset_error_);
  if (stream.provoked_) meter_.Provoked(now_);
  Finish(stream, stream.reset_error_);
}

void H2Session::Pump(std::size_t room) {
  if (busy_ || ended_) return;
  busy_ = true;
  const std::size_t limit = out_.size() + room;
  while (out_.size() < limit && !ended_) {
    if (!ready_.empty()) {
      Serve(ready_.front());
    } else if (waiting_ && (!may_request() || streams_.size() < peer_.max_streams)) {
      SendWaiting();
    } else if (!sending_.empty() && window_ > 0) {
      WriteHeld(sending_.front());
    } else {
      break;
    }
  }
  tail_of_ = 0;
  busy_ = false;
  if (streams_.size() > 0) return;
  streams_.Rest();
  decoder_.Rest();
  fields_ = H2Fields();
}

}  // namespace switchyard::agent::codec
