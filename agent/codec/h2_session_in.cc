// What comes in: frames, and bodies.
#include <algorithm>
#include <utility>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {

Cause H2Session::Feed(std::string_view bytes, TimePoint now) {
  now_ = now;
  while (!ended_) {
    switch (reader_.Next(bytes)) {
      case H2Reader::Step::kHeader:
        TakeHeader();
        continue;
      case H2Reader::Step::kWhole:
        TakeWhole(reader_.payload());
        continue;
      case H2Reader::Step::kPiece:
        TakePiece();
        continue;
      case H2Reader::Step::kBad:
        Fail(H2Error::kProtocolError);
        continue;
      case H2Reader::Step::kMore:
        break;
    }
    break;
  }
  if (!ended_ && meter_.fault() != Cause::kNone) Fail(H2Error::kEnhanceYourCalm, meter_.fault());
  return fault_;
}

void H2Session::Fail(H2Error error, Cause cause) {
  if (ended_) return;
  fault_ = cause;
  Goaway(error);
}

// RFC 9113 section 5.1: nobody has opened it yet.
bool H2Session::idle(StreamId id) const {
  if (side_ == Side::kServer) return id % 2 == 0 || id > highest_;
  return id % 2 == 0 || id >= next_;
}

void H2Session::TakeHeader() {
  const H2FrameHeader& header = reader_.header();
  if (header.length > kH2FrameBytes) return Fail(H2Error::kFrameSizeError);
  // RFC 9113 section 3.4: settings come first; section 6.10: a section is not interrupted.
  if (!settings_seen_ && (header.type != H2Frame::kSettings || header.has(kH2Ack))) return Fail(H2Error::kProtocolError);
  if ((header.type == H2Frame::kContinuation) != (section_of_ != 0) || (section_of_ != 0 && header.stream != section_of_)) {
    return Fail(H2Error::kProtocolError);
  }
  meter_.See(header, now_);
  if (meter_.fault() != Cause::kNone) return Fail(H2Error::kEnhanceYourCalm, meter_.fault());
  switch (header.type) {
    case H2Frame::kData:
      return TakeData(header);
    case H2Frame::kHeaders:
      ++sections_;
      return reader_.TakeWhole();
    case H2Frame::kPushPromise:
      // A client does not push, and we have told servers not to.
      return Fail(H2Error::kProtocolError);
    default:
      if (header.type > H2Frame::kContinuation) return reader_.Skip();
      return reader_.TakeWhole();
  }
}

// --- bodies ---

// RFC 9113 sections 6.1, 6.9: the whole payload counts against both windows, padding included.
void H2Session::TakeData(const H2FrameHeader& header) {
  if (header.stream == 0 || idle(header.stream)) return Fail(H2Error::kProtocolError);
  H2Stream* const stream = streams_.Find(header.stream);
  if (stream != nullptr && stream->in_ended_) return Fail(H2Error::kStreamClosed);
  padded_ = header.has(kH2Padded);
  if (padded_ && header.length == 0) return Fail(H2Error::kFrameSizeError);
  unreturned_ += header.length;
  if (unreturned_ > std::max(settings_.connection_window, kH2FirstWindow)) return Fail(H2Error::kFlowControlError);
  if (stream != nullptr && !stream->reset_) {
    stream->unreturned_ += header.length;
    const std::uint32_t window = stream->early_ ? std::max(settings_.stream_window, kH2FirstWindow) : settings_.stream_window;
    if (stream->unreturned_ > window) Provoke(*stream, H2Error::kFlowControlError);
  }
  body_left_ = header.length;
  reader_.TakeInPieces();
}

void H2Session::TakePiece() {
  std::string_view piece = reader_.payload();
  const StreamId id = reader_.header().stream;
  if (padded_ && !piece.empty()) {
    padded_ = false;
    const std::uint32_t padding = static_cast<unsigned char>(piece.front());
    if (padding + 1 > body_left_) return Fail(H2Error::kProtocolError);
    body_left_ -= padding + 1;
    piece.remove_prefix(1);
    Consume(id, 1);
  }
  const std::string_view data = piece.substr(0, body_left_);
  body_left_ -= static_cast<std::uint32_t>(data.size());
  H2Stream* stream = streams_.Find(id);
  if (!data.empty()) TakeBody(stream, data);
  if (piece.size() > data.size()) Consume(id, piece.size() - data.size());
  if (!reader_.last() || !reader_.header().has(kH2EndStream) || ended_) return;
  stream = streams_.Find(id);
  if (stream == nullptr || stream->reset_) return;
  stream->in_ended_ = true;
  if (stream->expected_.value_or(0) > 0 || !stream->trailing_) return Provoke(*stream, H2Error::kProtocolError);
  stream->OnEnd();
  EndIn(*stream);
}

// RFC 9113 section 8.1.1: no more than content-length has promised, and nothing before a final head.
void H2Session::TakeBody(H2Stream* stream, std::string_view data) {
  if (stream == nullptr || stream->reset_) return ConsumeConnection(data.size());
  if (!stream->trailing_ || (stream->expected_ && *stream->expected_ < data.size())) {
    ConsumeConnection(data.size());
    return Provoke(*stream, H2Error::kProtocolError);
  }
  if (stream->expected_) *stream->expected_ -= data.size();
  stream->OnData(data);
}

// Nobody may have closed it in its last event.
void H2Session::EndIn(H2Stream& stream) {
  if (stream.session_ == this) FinishIfOver(stream);
}

// --- what is read whole ---

void H2Session::TakeWhole(std::string_view payload) {
  switch (reader_.header().type) {
    case H2Frame::kHeaders:
      return TakeHeaders(payload);
    case H2Frame::kContinuation: {
      section_.append(payload);
      if (!reader_.header().has(kH2EndHeaders)) return;
      section_of_ = 0;
      const std::string section = std::exchange(section_, {});
      return TakeSection(section);
    }
    case H2Frame::kPriority:
      // RFC 9113 section 5.3.2: no longer used; what it must look like still holds.
      if (reader_.header().stream == 0) return Fail(H2Error::kProtocolError);
      if (payload.size() != 5) return Fail(H2Error::kFrameSizeError);
      if ((ReadBig32(payload.data()) & kH2MaxWindow) == static_cast<std::uint32_t>(reader_.header().stream)) return Fail(H2Error::kProtocolError);
      return;
    case H2Frame::kResetStream:
      return TakeReset(payload);
    case H2Frame::kSettings:
      return TakeSettings(payload);
    case H2Frame::kPing:
      return TakePing(payload);
    case H2Frame::kGoaway:
      return TakeGoaway(payload);
    default:
      return TakeWindowUpdate(payload);
  }
}

void H2Session::TakeHeaders(std::string_view payload) {
  const H2FrameHeader& header = reader_.header();
  if (header.stream == 0) return Fail(H2Error::kProtocolError);
  std::size_t padding = 0;
  if (header.has(kH2Padded)) {
    if (payload.empty()) return Fail(H2Error::kFrameSizeError);
    padding = static_cast<unsigned char>(payload.front());
    payload.remove_prefix(1);
  }
  if (header.has(kH2Priority)) {
    if (payload.size() < 5) return Fail(H2Error::kFrameSizeError);
    if ((ReadBig32(payload.data()) & kH2MaxWindow) == static_cast<std::uint32_t>(header.stream)) return Fail(H2Error::kProtocolError);
    payload.remove_prefix(5);
  }
  if (padding > payload.size()) return Fail(H2Error::kProtocolError);
  payload.remove_suffix(padding);
  section_id_ = header.stream;
  section_ends_ = header.has(kH2EndStream);
  if (header.has(kH2EndHeaders)) return TakeSection(payload);
  section_of_ = header.stream;
  section_.assign(payload);
}

}  // namespace switchyard::agent::codec
