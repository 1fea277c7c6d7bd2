// Frames that come in about streams and the connection: resets, pings, windows, settings, and goodbyes.
#include <algorithm>
#include <utility>
#include <vector>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

// Larger ones would let one stream hold up the others.
constexpr std::uint32_t kMostFrame = 65'536;
// Output with which a PING is still answered: twice what bodies fill it to, and what of it has gone and lies there still.
constexpr std::size_t kMostHeldWithAnswers = 262'144;

}  // namespace

void H2Session::TakeReset(std::string_view payload) {
  const StreamId id = reader_.header().stream;
  if (payload.size() != 4) return Fail(H2Error::kFrameSizeError);
  if (id == 0 || idle(id)) return Fail(H2Error::kProtocolError);
  if (H2Stream* stream = streams_.Find(id)) Finish(*stream, static_cast<H2Error>(ReadBig32(payload.data())));
}

void H2Session::TakePing(std::string_view payload) {
  if (reader_.header().stream != 0) return Fail(H2Error::kProtocolError);
  if (payload.size() != 8) return Fail(H2Error::kFrameSizeError);
  if (!reader_.header().has(kH2Ack)) {
    // Answers do not wait for room as bodies do, so who asks and does not read is ended.
    if (out_.size() > kMostHeldWithAnswers) return Fail(H2Error::kEnhanceYourCalm, Cause::kControlFlood);
    return WriteFrame({8, H2Frame::kPing, kH2Ack, 0}, payload);
  }
  // There is but one that we send.
  if (std::exchange(ping_sent_, false)) owner_.OnGoawayKnown();
}

void H2Session::TakeGoaway(std::string_view payload) {
  if (reader_.header().stream != 0) return Fail(H2Error::kProtocolError);
  if (payload.size() < 8) return Fail(H2Error::kFrameSizeError);
  const auto last = static_cast<StreamId>(ReadBig32(payload.data()) & kH2MaxWindow);
  if (last > goaway_last_) return Fail(H2Error::kProtocolError);
  goaway_last_ = last;
  goaway_came_ = true;
  owner_.OnGoaway(last, static_cast<H2Error>(ReadBig32(payload.data() + 4)));
  if (side_ == Side::kServer) return;
  std::vector<StreamId> refused;
  streams_.ForEach([&](const H2Stream& stream) {
    if (stream.id_ > last) refused.push_back(stream.id_);
  });
  for (const StreamId id : refused) {
    if (H2Stream* stream = streams_.Find(id)) Finish(*stream, H2Error::kRefusedStream);
  }
}

void H2Session::TakeWindowUpdate(std::string_view payload) {
  const StreamId id = reader_.header().stream;
  if (payload.size() != 4) return Fail(H2Error::kFrameSizeError);
  const std::uint32_t size = ReadBig32(payload.data()) & kH2MaxWindow;
  if (size == 0 || (id != 0 && idle(id))) return Fail(H2Error::kProtocolError);
  if (id == 0) {
    window_ += size;
    if (window_ > kH2MaxWindow) Fail(H2Error::kFlowControlError);
    return;
  }
  H2Stream* const stream = streams_.Find(id);
  if (stream == nullptr || stream->reset_) return;
  stream->window_ += size;
  if (stream->window_ > kH2MaxWindow) return Provoke(*stream, H2Error::kFlowControlError);
  if (stream->waiting() > 0 && stream->window_ > 0) Queue(sending_, *stream);
}

// --- settings ---

void H2Session::TakeSettings(std::string_view payload) {
  if (reader_.header().stream != 0) return Fail(H2Error::kProtocolError);
  if (reader_.header().has(kH2Ack)) return payload.empty() ? TakeSettingsAck() : Fail(H2Error::kFrameSizeError);
  if (payload.size() % kH2SettingBytes != 0) return Fail(H2Error::kFrameSizeError);
  // RFC 9113 section 6.5.2: without limit unless it says so.
  if (!std::exchange(settings_seen_, true)) peer_.max_streams = kH2MaxWindow;
  const std::uint32_t window = peer_.window;
  for (; !payload.empty(); payload.remove_prefix(kH2SettingBytes)) {
    const std::uint32_t id = ReadBig32(payload.data()) >> 16U;
    if (!TakeSetting(static_cast<H2Setting>(id), ReadBig32(payload.data() + 2))) return;
  }
  // Once, however often it was changed: the last one holds.
  if (peer_.window != window) MoveWindows(std::int64_t{peer_.window} - window);
  WriteFrame({0, H2Frame::kSettings, kH2Ack, 0}, {});
  if (!ended_) owner_.OnSettings();
}

bool H2Session::TakeSetting(H2Setting id, std::uint32_t value) {
  const auto fail = [this](H2Error error) {
    Fail(error);
    return false;
  };
  switch (id) {
    case H2Setting::kHeaderTableSize:
      encoder_.SetPeerLimit(value);
      return true;
    case H2Setting::kEnablePush:
      return value <= (side_ == Side::kServer ? 1U : 0U) || fail(H2Error::kProtocolError);
    case H2Setting::kMaxConcurrentStreams:
      peer_.max_streams = std::min(value, kH2MaxWindow);
      return true;
    case H2Setting::kInitialWindowSize:
      if (value > kH2MaxWindow) return fail(H2Error::kFlowControlError);
      peer_.window = value;
      return true;
    case H2Setting::kMaxFrameSize:
      if (value < kH2FrameBytes || value > kH2MaxFrameBytes) return fail(H2Error::kProtocolError);
      peer_.frame_bytes = std::min(value, kMostFrame);
      return true;
    case H2Setting::kEnableConnectProtocol:
      // RFC 8441 section 3: it cannot be taken back.
      if (value > 1 || (value == 0 && peer_.extended_connect)) return fail(H2Error::kProtocolError);
      peer_.extended_connect = value == 1;
      return true;
    case H2Setting::kNoRfc7540Priorities:
      return value <= 1 || fail(H2Error::kProtocolError);
    default:
      return true;
  }
}

// RFC 9113 section 6.9.2: of every stream that is open; they may become negative.
void H2Session::MoveWindows(std::int64_t change) {
  bool overflows = false;
  streams_.ForEach([&](H2Stream& stream) {
    stream.window_ += change;
    overflows = overflows || stream.window_ > kH2MaxWindow;
    if (stream.waiting() > 0 && stream.window_ > 0) Queue(sending_, stream);
  });
  if (overflows) Fail(H2Error::kFlowControlError);
}

// From now on our settings hold for the peer.
void H2Session::TakeSettingsAck() {
  if (settings_known_) return Fail(H2Error::kProtocolError);
  settings_known_ = true;
  decoder_.SetLimit(settings_.header_table_bytes);
}

}  // namespace switchyard::agent::codec
