// Header sections that go out: responses, requests, trailers.
#include <array>
#include <utility>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

// A view of what each kind of list holds.
std::string_view NameOf(const Trailers::value_type& field) { return field.first; }
std::string_view ValueOf(const Trailers::value_type& field) { return field.second; }
bool IsNeverIndexed(const Trailers::value_type&) { return false; }
// The other kinds have names of their own for it.
template <typename Field>
std::string_view NameOf(const Field& field) {
  return field.name;
}
template <typename Field>
std::string_view ValueOf(const Field& field) {
  return field.value;
}
template <typename Field>
bool IsNeverIndexed(const Field& field) {
  return field.never_indexed;
}

template <typename List>
std::size_t RoomFor(const List& list) {
  std::size_t room = HpackEncoder::kBeginRoom;
  for (const auto& field : list) room += HpackEncoder::RoomFor(NameOf(field).size(), ValueOf(field).size());
  return room;
}

template <typename List>
char* AddAll(HpackEncoder& encoder, const List& list, char* out) {
  for (const auto& field : list) out = encoder.Add(NameOf(field), ValueOf(field), IsNeverIndexed(field), out);
  return out;
}

// A content-length in digits.
class Number {
 public:
  explicit Number(std::optional<std::uint64_t> value) {
    if (!value) return;
    std::uint64_t left = *value;
    do {
      digits_[--at_] = static_cast<char>('0' + left % 10);
      left /= 10;
    } while (left > 0);
  }
  std::string_view text() const { return {digits_.data() + at_, digits_.size() - at_}; }

 private:
  std::array<char, 20> digits_;
  std::size_t at_ = 20;
};

constexpr std::string_view kContentLength = "content-length";

}  // namespace

// A HEADERS frame with room for its section, which goes straight into the output.
char* H2Session::OpenSection(std::size_t room) {
  tail_at_ = out_.size();
  out_.resize(tail_at_ + kH2HeaderBytes + room);
  return encoder_.Begin(out_.data() + tail_at_ + kH2HeaderBytes);
}

// What is larger than the peer's frames goes on in CONTINUATION frames, which is rare enough for a copy.
void H2Session::CloseSection(char* end, StreamId id, bool ends) {
  const std::size_t begin = tail_at_ + kH2HeaderBytes;
  out_.resize(static_cast<std::size_t>(end - out_.data()));
  std::size_t size = out_.size() - begin;
  std::string rest;
  if (size > peer_.frame_bytes) {
    rest = out_.substr(begin + peer_.frame_bytes);
    size = peer_.frame_bytes;
    out_.resize(begin + size);
  }
  const auto flags = static_cast<std::uint8_t>((rest.empty() ? kH2EndHeaders : 0) | (ends ? kH2EndStream : 0));
  WriteFrameHeader(out_.data() + tail_at_, {static_cast<std::uint32_t>(size), H2Frame::kHeaders, flags, id});
  for (std::string_view left = rest; !left.empty();) {
    const std::string_view part = left.substr(0, peer_.frame_bytes);
    left.remove_prefix(part.size());
    WriteFrame({static_cast<std::uint32_t>(part.size()), H2Frame::kContinuation, left.empty() ? kH2EndHeaders : std::uint8_t{0}, id}, part);
  }
  tail_of_ = id;
  tail_end_ = out_.size();
}

void H2Session::Respond(H2Stream& stream, std::uint16_t status, const std::vector<Header>& headers, std::optional<std::uint64_t> length,
                        bool ends) {
  if (!stream.attached() || stream.reset_ || stream.out_ended_ || ended_) return;
  const Number number(length);
  char* end = OpenSection(RoomFor(headers) + HpackEncoder::RoomFor(kContentLength.size(), number.text().size()) + HpackEncoder::RoomFor(0, 3));
  end = encoder_.AddStatus(status, end);
  end = AddAll(encoder_, headers, end);
  if (length) end = encoder_.Add(kContentLength, number.text(), false, end);
  ends = ends && status >= 200;
  CloseSection(end, stream.id_, ends);
  if (!ends) return;
  stream.out_ended_ = stream.out_said_ = true;
  Queue(ready_, stream);
}

template <typename List>
void H2Session::WriteRequest(H2Stream& stream, const List& headers, bool ends) {
  stream.waits_ = false;
  Attach(stream, next_);
  next_ += 2;
  for (const auto& field : headers) {
    if (NameOf(field) != ":method") continue;
    stream.to_head_ = ValueOf(field) == "HEAD";
    stream.to_connect_ = ValueOf(field) == "CONNECT";
    break;
  }
  char* const end = OpenSection(RoomFor(headers));
  CloseSection(AddAll(encoder_, headers, end), stream.id_, ends);
}

void H2Session::Request(H2Stream& stream, const std::vector<Header>& headers, std::optional<std::uint64_t> length, bool ends) {
  stream.session_ = this;
  stream.out_ended_ = ends;
  const Number number(length);
  std::vector<Header> all;
  const std::vector<Header>* list = &headers;
  if (length) {
    all = SpareMemory::TakeHeaders();
    all.assign(headers.begin(), headers.end());
    all.push_back({kContentLength, number.text(), FieldId::kContentLength});
    list = &all;
  }
  if (may_request() && streams_.size() < peer_.max_streams && !waiting_) {
    WriteRequest(stream, *list, ends);
    stream.out_said_ = ends;
    if (ends) Queue(ready_, stream);
  } else {
    stream.waits_ = true;
    if (!waiting_) waiting_ = std::make_unique<std::deque<Waiting>>();
    Waiting& waiting = waiting_->emplace_back(Waiting{&stream, {}});
    for (const Header& header : *list) waiting.headers.push_back({std::string(header.name), std::string(header.value), header.never_indexed});
  }
  SpareMemory::GiveHeaders(std::move(all));
}

// Those that waited go when there is room, and are refused when there will be none.
void H2Session::SendWaiting() {
  while (waiting_ && (!may_request() || streams_.size() < peer_.max_streams)) {
    Waiting next = std::move(waiting_->front());
    waiting_->pop_front();
    if (waiting_->empty()) waiting_.reset();
    H2Stream& stream = *next.stream;
    if (!may_request()) {
      Finish(stream, H2Error::kRefusedStream);
      continue;
    }
    const bool whole = stream.out_ended_ && stream.waiting() == 0 && stream.trailers_.empty();
    WriteRequest(stream, next.headers, whole);
    stream.out_said_ = whole;
    if (whole) {
      Queue(ready_, stream);
    } else if (stream.waiting() > 0) {
      Queue(sending_, stream);
    } else if (stream.out_ended_) {
      SayEnd(stream, stream.trailers_);
    }
  }
}

void H2Session::WriteTrailers(H2Stream& stream, const Trailers& trailers) {
  char* const end = OpenSection(RoomFor(trailers));
  CloseSection(AddAll(encoder_, trailers, end), stream.id_, /*ends=*/true);
}

}  // namespace switchyard::agent::codec
