// What comes in: frames, and the events that follow from them.
#include <algorithm>
#include <utility>
#include <vector>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

// A section that HPACK blows up to more than so many times the bound is not worth looking at: each field costs a look at all of its bytes.
constexpr std::size_t kMaxExcess = 4;
// What RFC 9113 section 6.5.2 adds to each field.
constexpr std::size_t kFieldCost = 32;

// Larger ones would let one stream hold up the others.
constexpr std::uint32_t kMostFrame = 65'536;
constexpr std::size_t kSettingBytes = 6;
// RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1.
enum Setting : std::uint16_t {
  kHeaderTableSize = 1,
  kEnablePush = 2,
  kMaxConcurrentStreams = 3,
  kInitialWindowSize = 4,
  kMaxFrameSize = 5,
  kEnableConnectProtocol = 8,
  kNoRfc7540Priorities = 9,
};

}  // namespace

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

void H2Session::TakeReset(std::string_view payload) {
  const StreamId id = reader_.header().stream;
  if (payload.size() != 4) return Fail(H2Error::kFrameSizeError);
  if (id == 0 || idle(id)) return Fail(H2Error::kProtocolError);
  if (H2Stream* stream = streams_.Find(id)) Finish(*stream, static_cast<H2Error>(ReadBig32(payload.data())));
}

void H2Session::TakePing(std::string_view payload) {
  if (reader_.header().stream != 0) return Fail(H2Error::kProtocolError);
  if (payload.size() != 8) return Fail(H2Error::kFrameSizeError);
  if (!reader_.header().has(kH2Ack)) return WriteFrame({8, H2Frame::kPing, kH2Ack, 0}, payload);
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
  if (payload.size() % kSettingBytes != 0) return Fail(H2Error::kFrameSizeError);
  // RFC 9113 section 6.5.2: without limit unless it says so.
  if (!std::exchange(settings_seen_, true)) peer_.max_streams = kH2MaxWindow;
  const std::uint32_t window = peer_.window;
  for (; !payload.empty(); payload.remove_prefix(kSettingBytes)) {
    const std::uint32_t id = ReadBig32(payload.data()) >> 16U;
    if (!TakeSetting(static_cast<std::uint16_t>(id), ReadBig32(payload.data() + 2))) return;
  }
  // Once, however often it was changed: the last one holds.
  if (peer_.window != window) MoveWindows(std::int64_t{peer_.window} - window);
  WriteFrame({0, H2Frame::kSettings, kH2Ack, 0}, {});
  if (!ended_) owner_.OnSettings();
}

bool H2Session::TakeSetting(std::uint16_t id, std::uint32_t value) {
  const auto fail = [this](H2Error error) {
    Fail(error);
    return false;
  };
  switch (id) {
    case kHeaderTableSize:
      encoder_.SetPeerLimit(value);
      return true;
    case kEnablePush:
      return value <= (side_ == Side::kServer ? 1U : 0U) || fail(H2Error::kProtocolError);
    case kMaxConcurrentStreams:
      peer_.max_streams = std::min(value, kH2MaxWindow);
      return true;
    case kInitialWindowSize:
      if (value > kH2MaxWindow) return fail(H2Error::kFlowControlError);
      peer_.window = value;
      return true;
    case kMaxFrameSize:
      if (value < kH2FrameBytes || value > kH2MaxFrameBytes) return fail(H2Error::kProtocolError);
      peer_.frame_bytes = std::min(value, kMostFrame);
      return true;
    case kEnableConnectProtocol:
      // RFC 8441 section 3: it cannot be taken back.
      if (value > 1 || (value == 0 && peer_.extended_connect)) return fail(H2Error::kProtocolError);
      peer_.extended_connect = value == 1;
      return true;
    case kNoRfc7540Priorities:
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

// --- header sections ---

// RFC 9113 section 4.3: every section is decoded, or our table would differ from the peer's.
void H2Session::TakeSection(std::string_view section) {
  const Target target = OpenTarget(section_id_);
  if (ended_) return;
  const bool trailers = target.stream != nullptr && target.stream->trailing_;
  const auto kind = trailers ? H2SectionRules::Kind::kTrailers : side_ == Side::kServer ? H2SectionRules::Kind::kRequest : H2SectionRules::Kind::kResponse;
  H2SectionRules rules(kind, settings_.extended_connect);
  const H2Error error = ReadFields(target, rules, section);
  if (ended_) return;
  if (target.refused) return RefuseUnknown(section_id_, H2Error::kRefusedStream, Cause::kStreamLimit);
  H2Stream* const stream = target.stream;
  if (stream == nullptr || stream->reset_) return;
  if (error != H2Error::kNoError) return Provoke(*stream, error);
  GiveFields(*stream, rules, trailers);
}

H2Session::Target H2Session::OpenTarget(StreamId id) {
  if (id % 2 == 0 || (side_ == Side::kClient && id >= next_)) {
    Fail(H2Error::kProtocolError);
    return {};
  }
  H2Stream* const stream = streams_.Find(id);
  if (stream != nullptr || side_ == Side::kClient) {
    if (stream != nullptr && stream->in_ended_) Fail(H2Error::kStreamClosed);
    return {stream};
  }
  if (id <= highest_) {
    // RFC 9113 section 5.1.1: numbers only rise. What was on its way when we reset a stream is to be borne.
    if (!recently_reset(id)) Fail(H2Error::kStreamClosed);
    return {};
  }
  highest_ = id;
  // Section 6.8: what comes behind our last word is not looked at; the client knows that it is not served.
  if (goaway_sent_) return {};
  H2Stream* const opened = OpenStream(id);
  return {opened, opened == nullptr};
}

H2Stream* H2Session::OpenStream(StreamId id) {
  if (streams_.size() >= settings_.max_concurrent_streams) return nullptr;
  H2Stream* const stream = owner_.OnNewStream(id);
  if (stream == nullptr) return nullptr;
  accepted_ = id;
  Attach(*stream, id);
  return stream;
}

// A section that is moderately too large is read to its end, and can be answered. Beyond kMaxExcess, or when it is malformed, the rest is decoded
// without being looked at. The error is the stream's; the connection's has been dealt with.
H2Error H2Session::ReadFields(Target target, H2SectionRules& rules, std::string_view section) {
  bool skips = target.stream == nullptr || target.stream->reset_;
  H2Error error = H2Error::kNoError;
  std::size_t emitted = 0;
  HpackField field;
  fields_.Clear();
  decoder_.Begin(section);
  while (true) {
    const HpackDecoder::Step step = decoder_.Next(field);
    if (step == HpackDecoder::Step::kBad) Fail(H2Error::kCompressionError);
    if (step != HpackDecoder::Step::kField) break;
    if (skips) continue;
    emitted += field.name.size() + field.value.size() + kFieldCost;
    if (emitted > kMaxExcess * settings_.max_field_bytes) {
      error = H2Error::kEnhanceYourCalm;
    } else if (!rules.Take(field)) {
      error = H2Error::kProtocolError;
    }
    skips = error != H2Error::kNoError;
    const bool drops = field.note.id == FieldId::kContentLength && (rules.no_content() || (target.stream->to_connect_ && rules.success()));
    if (!skips && !drops) fields_.Add(field.name, field.value, field.note, settings_);
  }
  return error == H2Error::kNoError && !skips && !rules.Complete() ? H2Error::kProtocolError : error;
}

void H2Session::GiveFields(H2Stream& stream, const H2SectionRules& rules, bool trailers) {
  const bool ends = section_ends_;
  // Trailers end the message; 1xx does not.
  if ((trailers && !ends) || (rules.informational() && ends)) return Provoke(stream, H2Error::kProtocolError);
  if (!trailers && !rules.informational()) {
    stream.trailing_ = true;
    stream.expected_ = stream.to_connect_ && rules.success() ? std::nullopt : rules.length();
    if (side_ == Side::kClient && (stream.to_head_ || rules.no_content() || rules.unmodified())) stream.expected_ = 0;
  }
  stream.in_ended_ = ends;
  if (ends && stream.expected_.value_or(0) > 0) return Provoke(stream, H2Error::kProtocolError);
  stream.OnFields(fields_, trailers, ends);
  EndIn(stream);
}

void H2Session::Provoke(H2Stream& stream, H2Error error) {
  if (stream.reset_) return;
  stream.fault_ = Cause::kStreamError;
  stream.provoked_ = true;
  Reset(stream, error);
}

void H2Session::RefuseUnknown(StreamId id, H2Error error, Cause cause) {
  WriteReset(id, error);
  meter_.Provoked(now_);
  owner_.OnFault(cause);
}

}  // namespace switchyard::agent::codec
