// What goes out: frames straight into the output, and the turns of streams that had to wait.
#include <algorithm>
#include <utility>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

// A DATA frame below this that leaves bytes behind was made small by the peer's window.
constexpr std::size_t kDribbleBytes = 256;
constexpr std::size_t kSettingBytes = 6;

void AddSetting(std::string& out, std::uint16_t id, std::uint32_t value) {
  std::array<char, kSettingBytes> bytes;
  WriteBig32(bytes.data(), std::uint32_t{id} << 16U);
  WriteBig32(bytes.data() + 2, value);
  out.append(bytes.data(), bytes.size());
}

// A view of what either kind of list holds.
std::string_view NameOf(const Header& header) { return header.name; }
std::string_view NameOf(const Trailers::value_type& field) { return field.first; }
std::string_view ValueOf(const Header& header) { return header.value; }
std::string_view ValueOf(const Trailers::value_type& field) { return field.second; }
bool IsNeverIndexed(const Header& header) { return header.never_indexed; }
bool IsNeverIndexed(const Trailers::value_type&) { return false; }

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

}  // namespace

void H2Session::StartOut() {
  if (side_ == Side::kClient) out_.append(kH2Preface);
  const std::size_t at = out_.size();
  AppendFrameHeader(out_, {0, H2Frame::kSettings, 0, 0});
  AddSetting(out_, 0x4, settings_.stream_window);
  AddSetting(out_, 0x6, settings_.max_field_bytes);
  AddSetting(out_, 0x1, settings_.header_table_bytes);
  if (side_ == Side::kServer) {
    AddSetting(out_, 0x3, settings_.max_concurrent_streams);
    AddSetting(out_, 0x9, 1);  // NO_RFC7540_PRIORITIES
    if (settings_.extended_connect) AddSetting(out_, 0x8, 1);
  } else {
    AddSetting(out_, 0x2, 0);  // ENABLE_PUSH
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
  resets_[reset_at_++ % resets_.size()] = id;
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

// --- heads ---

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

namespace {

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
    for (const Header& header : *list) waiting.headers.emplace_back(header.name, header.value);
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

// --- bodies ---

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

// --- turns ---

void H2Session::Queue(H2Queue& queue, H2Stream& stream) {
  if (stream.queue_ == nullptr) queue.PushBack(stream);
}

void H2Session::Unqueue(H2Stream& stream) {
  if (stream.queue_ != nullptr) stream.queue_->Remove(stream);
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
