// Header sections that come in: whose they are, whether they are well-formed, and what follows.
#include <algorithm>
#include <utility>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

// A section that HPACK blows up to more than so many times the bound is not worth looking at: each field costs a look at all of its bytes.
constexpr std::size_t kMaxExcess = 4;
// Names that were copied within the table, so many times the bound, are an attack, whoever the section is for: two bytes of it can move the whole
// of a table.
constexpr std::size_t kAttackExcess = 16;
// What RFC 9113 section 6.5.2 adds to each field.
constexpr std::size_t kFieldCost = 32;

}  // namespace

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
  // A backend may answer what we have given up; a client has no such reason.
  if (stream == nullptr && side_ == Side::kServer) meter_.Ignored(now_);
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
  // Section 6.8: what comes behind our last word is not looked at; the client knows that it is not served.
  if (goaway_sent_ && id > accepted_) {
    highest_ = std::max(highest_, id);
    return {};
  }
  if (id <= highest_) {
    // RFC 9113 section 5.1.1: numbers only rise. What was on its way when we reset a stream is to be borne.
    if (!recently_reset(id)) Fail(H2Error::kStreamClosed);
    return {};
  }
  highest_ = id;
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
    if (decoder_.moved() > kAttackExcess * settings_.max_field_bytes) Fail(H2Error::kEnhanceYourCalm);
    if (ended_) break;
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
