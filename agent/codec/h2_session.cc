#include "agent/codec/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "agent/codec/h2_head.h"

namespace switchyard::agent::codec {
namespace {

// What the first step of a graceful end names.
constexpr StreamId kAnyStream = 0x7fffffff;
// A piece from this size on leaves at once, without waiting in the stream.
constexpr std::size_t kDirectBytes = 4096;
// A DATA frame below this that leaves bytes behind was made small by the peer's window.
constexpr std::size_t kDribbleBytes = 256;
// Until the backend has said otherwise (RFC 9113 section 6.5.2 recommends no less than this).
constexpr std::uint32_t kAssumedPeerStreams = 100;
// A section that HPACK blows up to more than so many times the bound is not worth decoding: each field costs a look at all of its bytes.
constexpr std::size_t kMaxExcess = 4;
// What RFC 9113 section 6.5.2 adds to each field.
constexpr std::size_t kFieldCost = 32;

nghttp2_nv Field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// A content-length in digits.
class Number {
 public:
  explicit Number(std::optional<std::uint64_t> value) {
    if (value) size_ = static_cast<std::size_t>(std::to_chars(digits_.data(), digits_.data() + digits_.size(), *value).ptr - digits_.data());
  }
  std::string_view text() const { return {digits_.data(), size_}; }

 private:
  std::array<char, 20> digits_{};
  std::size_t size_ = 0;
};

std::string_view Text(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

}  // namespace

struct H2Session::Handle {
  ~Handle() { nghttp2_session_del(session); }
  nghttp2_session* session = nullptr;
  std::vector<nghttp2_nv> fields;  // scratch of one submission
  std::size_t limit = 0;           // Pump stops when the output is this long
  TimePoint now{};
  StreamId highest = 0;               // stream that the client has opened
  std::array<StreamId, 32> resets{};  // that we sent last
  std::size_t reset_at = 0;
  bool ended_by_us = false;  // the GOAWAY to come is our decision
};

// nghttp2's view of a session. Each function is one of its callbacks; `user` is the H2Session.
struct H2Session::Callbacks {
  static H2Session& Self(void* user) { return *static_cast<H2Session*>(user); }

  // A client that opens a stream below one that it has opened breaks RFC 9113 section 5.1.1; nghttp2 takes it for a late frame of a stream
  // that was reset, which it is only if we did that lately.
  static int BeginFrame(nghttp2_session* session, const nghttp2_frame_hd* header, void* user) {
    H2Session& self = Self(user);
    if (header->type != NGHTTP2_HEADERS || self.side_ == Side::kClient) return 0;
    const StreamId id = header->stream_id;
    StreamId& highest = self.handle_->highest;
    if (id > highest) {
      highest = id;
      return 0;
    }
    const auto& resets = self.handle_->resets;
    const bool known = nghttp2_session_find_stream(session, id) != nullptr || std::find(resets.begin(), resets.end(), id) != resets.end();
    return known ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int BeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    self.fields_.Clear();
    self.emitted_ = 0;
    self.reading_ = nullptr;
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    const StreamId id = frame->hd.stream_id;
    if (self.side_ == Side::kClient || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
      self.reading_ = self.StreamOf(id);
      return 0;
    }
    H2Stream* stream = self.owner_.OnNewStream(id);
    if (stream == nullptr) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
      return 0;
    }
    stream->session_ = &self;
    stream->id_ = id;
    nghttp2_session_set_stream_user_data(session, id, stream);
    // Streams of one urgency share the connection evenly; RFC 9218's default would send one after the other.
    const nghttp2_extpri fair{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
    nghttp2_session_change_extpri_stream_priority(session, id, &fair, /*ignore_client_signal=*/0);
    self.reading_ = stream;
    return 0;
  }

  // A section that is moderately too large is read to its end, and can be answered. Beyond kMaxExcess the stream is reset, which the meter
  // counts, and nghttp2 decodes the rest without looking at it.
  static int Header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    H2Session& self = Self(user);
    self.emitted_ += name_size + value_size + kFieldCost;
    if (self.emitted_ > kMaxExcess * self.settings_.max_field_bytes) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (self.reading_ != nullptr) self.fields_.Add(Text(name, name_size), Text(value, value_size), self.settings_);
    return 0;
  }

  // nghttp2 would drop the field and go on; the message is malformed (RFC 9113 section 8.2.1).
  static int InvalidHeader(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t*, std::size_t, const std::uint8_t*,
                           std::size_t, std::uint8_t, void*) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int FrameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        self.TakeSection((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
        break;
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) break;
        if (H2Stream* stream = self.StreamOf(frame->hd.stream_id); stream != nullptr && !stream->reset_) stream->OnEnd();
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.owner_.OnSettings();
        break;
      case NGHTTP2_PING:
        // There is but one that we send.
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.owner_.OnGoawayKnown();
        break;
      case NGHTTP2_GOAWAY:
        self.owner_.OnGoaway(frame->goaway.last_stream_id, static_cast<H2Error>(frame->goaway.error_code));
        break;
      default:
        break;
    }
    return 0;
  }

  static int DataReceived(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* user) {
    H2Stream* stream = Self(user).StreamOf(id);
    if (stream == nullptr || stream->reset_) {
      nghttp2_session_consume(session, id, size);
    } else {
      stream->OnData(Text(data, size));
    }
    return 0;
  }

  static int StreamClosed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    H2Session& self = Self(user);
    if (H2Stream* stream = self.StreamOf(id)) self.Finish(*stream, static_cast<H2Error>(error));
    return 0;
  }

  static int FrameSent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) {
      H2Stream* stream = ends ? self.StreamOf(frame->hd.stream_id) : nullptr;
      if (stream != nullptr) stream->OnSent();
    } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
      self.SentReset(frame->hd.stream_id, static_cast<H2Error>(frame->rst_stream.error_code));
    } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && !self.handle_->ended_by_us) {
      self.owner_.OnFault(Cause::kHttp2Error);
    } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.last_stream_id == kAnyStream) {
      // Now, because nghttp2 sends a PING before all else that waits.
      nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, nullptr);
    }
    return 0;
  }

  static ssize_t ReadData(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t most, std::uint32_t* flags,
                          nghttp2_data_source*, void* user) {
    H2Session& self = Self(user);
    H2Stream* found = self.StreamOf(id);
    if (found == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    H2Stream& stream = *found;
    const std::size_t ready = self.Ready(stream);
    const std::size_t size = std::min(ready, most);
    if (size == 0 && !stream.out_ended_) {
      stream.deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!stream.out_ended_ || size < ready) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.trailers_.empty()) {
      std::vector<nghttp2_nv> fields;
      for (const auto& [name, value] : stream.trailers_) fields.push_back(Field(name, value));
      if (nghttp2_submit_trailer(session, id, fields.data(), fields.size()) == 0) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    }
    return static_cast<ssize_t>(size);
  }

  static int SendData(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header, std::size_t size, nghttp2_data_source*,
                      void* user) {
    H2Session& self = Self(user);
    if (self.out_.size() >= self.handle_->limit) return NGHTTP2_ERR_WOULDBLOCK;
    H2Stream* stream = self.StreamOf(frame->hd.stream_id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    constexpr std::size_t kHeaderBytes = 9;
    self.out_.append(reinterpret_cast<const char*>(header), kHeaderBytes);
    const bool dribble = size < kDribbleBytes && size < self.Ready(*stream);
    self.meter_.SentData(!dribble);
    self.TakeOut(*stream, size);
    return 0;
  }

  static const nghttp2_session_callbacks* All() {
    static nghttp2_session_callbacks* const all = [] {
      nghttp2_session_callbacks* made = nullptr;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_begin_frame_callback(made, BeginFrame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, BeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback(made, Header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, InvalidHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, FrameReceived);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, DataReceived);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, StreamClosed);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, FrameSent);
      nghttp2_session_callbacks_set_send_data_callback(made, SendData);
      return made;
    }();
    return all;
  }

  static const nghttp2_option* Options() {
    static nghttp2_option* const options = [] {
      nghttp2_option* made = nullptr;
      nghttp2_option_new(&made);
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_no_closed_streams(made, 1);
      nghttp2_option_set_peer_max_concurrent_streams(made, kAssumedPeerStreams);
      // Counted by the meter, whose limits are configured.
      nghttp2_option_set_stream_reset_rate_limit(made, std::numeric_limits<std::uint32_t>::max(), 1'000'000);
      nghttp2_option_set_max_continuations(made, std::numeric_limits<std::uint16_t>::max());
      return made;
    }();
    return options;
  }
};

namespace {

// Headers and streams of nghttp2 come and go with requests, too.
nghttp2_mem* SessionMemory() {
  static nghttp2_mem memory = {
      nullptr, [](std::size_t size, void*) { return SpareMemory::Take(size); }, [](void* block, void*) { SpareMemory::Give(block); },
      [](std::size_t count, std::size_t size, void*) -> void* {
        if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size) return nullptr;
        // Large ones are the tables of a session: fresh memory of the kernel's is zero already.
        if (count * size > SpareMemory::kLargest) return std::calloc(count, size);
        void* block = SpareMemory::Take(count * size);
        return block == nullptr ? nullptr : std::memset(block, 0, count * size);
      },
      // A block of any list is the heap's.
      [](void* block, std::size_t size, void*) { return std::realloc(block, size); }};
  return &memory;
}

}  // namespace

H2Session::H2Session(Side side, Owner& owner, const H2Settings& settings, const H2Limits& limits, std::string& out)
    : side_(side), owner_(owner), settings_(settings), meter_(limits, side == Side::kServer), out_(out), handle_(new Handle()) {
  if (side == Side::kServer) {
    nghttp2_session_server_new3(&handle_->session, Callbacks::All(), this, Callbacks::Options(), SessionMemory());
  } else {
    nghttp2_session_client_new3(&handle_->session, Callbacks::All(), this, Callbacks::Options(), SessionMemory());
  }
  std::vector<nghttp2_settings_entry> entries = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
                                                 {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.max_field_bytes},
                                                 {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, settings.header_table_bytes}};
  if (side == Side::kServer) {
    entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_concurrent_streams});
    entries.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    if (settings.extended_connect) entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  } else {
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  nghttp2_submit_settings(handle_->session, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(handle_->session, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(settings.connection_window));
}

H2Session::~H2Session() = default;

H2Stream* H2Session::StreamOf(StreamId id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(handle_->session, id));
}

Cause H2Session::Feed(std::string_view bytes, TimePoint now) {
  handle_->now = now;
  const std::size_t size = meter_.See(bytes, now);
  busy_ = true;
  const ssize_t used = nghttp2_session_mem_recv(handle_->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), size);
  busy_ = false;
  const Cause fault = used == NGHTTP2_ERR_FLOODED ? Cause::kControlFlood : used < 0 ? Cause::kHttp2Error : meter_.fault();
  if (fault == Cause::kNone) return fault;
  Goaway(fault == Cause::kHttp2Error ? H2Error::kProtocolError : H2Error::kEnhanceYourCalm);
  return fault;
}

void H2Session::TakeSection(bool ends) {
  H2Stream* stream = reading_;
  reading_ = nullptr;
  if (stream == nullptr || stream->reset_) return;
  const bool trailers = stream->trailing_;
  // What follows a final head, or a request's head, are trailers.
  const std::string_view status = fields_.pseudo(H2Fields::kStatus);
  if (side_ == Side::kServer || !status.starts_with('1')) stream->trailing_ = true;
  stream->OnFields(fields_, trailers, ends);
}

void H2Session::Pump(std::size_t room) {
  if (busy_) return;
  busy_ = true;
  handle_->limit = out_.size() + room;
  while (out_.size() < handle_->limit) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(handle_->session, &bytes);
    if (size <= 0) break;
    out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  busy_ = false;
}

bool H2Session::finished() const {
  return nghttp2_session_want_read(handle_->session) == 0 && nghttp2_session_want_write(handle_->session) == 0;
}

void H2Session::Respond(H2Stream& stream, std::uint16_t status, const std::vector<Header>& headers, std::optional<std::uint64_t> length,
                        bool ends) {
  if (!stream.attached() || stream.reset_) return;
  const std::array<char, 3> digits = {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                                      static_cast<char>('0' + status % 10)};
  std::vector<nghttp2_nv>& fields = handle_->fields;
  fields.clear();
  fields.push_back(Field(":status", {digits.data(), digits.size()}));
  for (const codec::Header& header : headers) fields.push_back(Field(header.name, header.value));
  const Number number(length);
  if (length) fields.push_back(Field("content-length", number.text()));
  if (status < 200) {
    nghttp2_submit_headers(handle_->session, NGHTTP2_FLAG_NONE, stream.id_, nullptr, fields.data(), fields.size(), nullptr);
    return;
  }
  stream.out_ended_ = ends;
  nghttp2_data_provider body{{.ptr = nullptr}, &Callbacks::ReadData};
  nghttp2_submit_response(handle_->session, stream.id_, fields.data(), fields.size(), ends ? nullptr : &body);
}

bool H2Session::Request(H2Stream& stream, const std::vector<Header>& headers, std::optional<std::uint64_t> length, bool ends) {
  std::vector<nghttp2_nv>& fields = handle_->fields;
  fields.clear();
  for (const codec::Header& header : headers) fields.push_back(Field(header.name, header.value));
  const Number number(length);
  if (length) fields.push_back(Field("content-length", number.text()));
  stream.out_ended_ = ends;
  nghttp2_data_provider body{{.ptr = nullptr}, &Callbacks::ReadData};
  const StreamId id = nghttp2_submit_request(handle_->session, nullptr, fields.data(), fields.size(), ends ? nullptr : &body, &stream);
  if (id <= 0) return false;
  stream.session_ = this;
  stream.id_ = id;
  return true;
}

bool H2Session::Write(H2Stream& stream, std::string_view data, std::size_t room) {
  if (!stream.attached() || stream.reset_ || stream.out_ended_ || data.empty()) return true;
  if (!busy_ && room > 0 && stream.waiting() == 0 && data.size() >= kDirectBytes) {
    stream.direct_ = data;
    Resume(stream);
    Pump(room);
    data = stream.direct_;
    stream.direct_ = {};
    if (!stream.attached() || data.empty()) return true;
  }
  if (stream.held_sent_ >= H2Stream::kHighWater) {
    stream.held_.erase(0, stream.held_sent_);
    stream.held_sent_ = 0;
  }
  stream.held_.append(data);
  Resume(stream);
  stream.above_ = stream.waiting() > H2Stream::kHighWater;
  return !stream.above_;
}

void H2Session::TakeOut(H2Stream& stream, std::size_t size) {
  stream.gone_ += size;
  const std::size_t from_held = std::min(size, stream.waiting());
  out_.append(stream.held_.data() + stream.held_sent_, from_held);
  stream.held_sent_ += from_held;
  if (stream.waiting() == 0) {
    stream.held_.clear();
    stream.held_sent_ = 0;
  }
  out_.append(stream.direct_.substr(0, size - from_held));
  stream.direct_.remove_prefix(size - from_held);
  if (stream.above_ && stream.waiting() < H2Stream::kHighWater / 2) {
    stream.above_ = false;
    stream.OnDrained();
  }
}

void H2Session::Resume(H2Stream& stream) {
  if (!stream.deferred_) return;
  stream.deferred_ = false;
  nghttp2_session_resume_data(handle_->session, stream.id_);
}

void H2Session::End(H2Stream& stream, const Trailers* trailers) {
  if (!stream.attached() || stream.reset_ || stream.out_ended_) return;
  stream.out_ended_ = true;
  if (trailers != nullptr) stream.trailers_ = *trailers;
  Resume(stream);
}

void H2Session::Reset(H2Stream& stream, H2Error error) {
  if (!stream.attached() || stream.reset_) return;
  stream.reset_ = true;
  nghttp2_submit_rst_stream(handle_->session, NGHTTP2_FLAG_NONE, stream.id_, static_cast<std::uint32_t>(error));
}

void H2Session::ResetUnlessEnded(H2Stream& stream, H2Error error) {
  if (!stream.out_ended_) Reset(stream, error);
}

void H2Session::SentReset(StreamId id, H2Error error) {
  handle_->resets[handle_->reset_at++ % handle_->resets.size()] = id;
  H2Stream* stream = StreamOf(id);
  if (stream != nullptr && stream->reset_) return;
  const Cause cause = error == H2Error::kRefusedStream ? Cause::kStreamLimit : Cause::kStreamError;
  if (stream != nullptr) stream->fault_ = cause;
  meter_.Provoked(handle_->now);
  if (stream == nullptr) owner_.OnFault(cause);
}

void H2Session::Finish(H2Stream& stream, H2Error error) {
  nghttp2_session_set_stream_user_data(handle_->session, stream.id_, nullptr);
  stream.session_ = nullptr;
  stream.OnClosed(error, stream.fault_);
}

void H2Session::Detach(H2Stream& stream) {
  if (!stream.attached()) return;
  nghttp2_session_set_stream_user_data(handle_->session, stream.id_, nullptr);
  stream.session_ = nullptr;
}

void H2Session::Consume(StreamId id, std::size_t size) { nghttp2_session_consume(handle_->session, id, size); }
void H2Session::ConsumeConnection(std::size_t size) { nghttp2_session_consume_connection(handle_->session, size); }
void H2Session::ConsumeStream(StreamId id, std::size_t size) { nghttp2_session_consume_stream(handle_->session, id, size); }

void H2Session::AnnounceGoaway() { nghttp2_submit_shutdown_notice(handle_->session); }

void H2Session::Goaway(H2Error error) {
  if (error != H2Error::kNoError) {
    handle_->ended_by_us = true;
    nghttp2_session_terminate_session(handle_->session, static_cast<std::uint32_t>(error));
    return;
  }
  nghttp2_submit_goaway(handle_->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(handle_->session), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

std::uint32_t H2Session::peer_max_streams() const {
  return nghttp2_session_get_remote_settings(handle_->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool H2Session::peer_extended_connect() const {
  return nghttp2_session_get_remote_settings(handle_->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

bool H2Session::may_request() const { return nghttp2_session_check_request_allowed(handle_->session) != 0; }

}  // namespace switchyard::agent::codec
