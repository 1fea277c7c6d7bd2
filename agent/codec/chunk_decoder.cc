#include "agent/codec/chunk_decoder.h"

#include <llhttp.h>

#include <algorithm>

#include "agent/codec/h1_lines.h"

namespace switchyard::agent::codec {

struct ChunkDecoder::Impl {
  llhttp_t parser{};
  std::vector<std::string_view>* data = nullptr;
  Trailers trailers;
  std::size_t overhead = 0;
  bool in_trailers = false;
  bool complete = false;
  bool head_done = false;
  char last = 0;

  static Impl& Of(llhttp_t* p) { return *static_cast<Impl*>(p->data); }

  static int OnBody(llhttp_t* p, const char* at, std::size_t length) {
    Of(p).data->emplace_back(at, length);
    return 0;
  }
  static int OnField(llhttp_t* p, const char* at, std::size_t length) {
    Impl& self = Of(p);
    if (!self.head_done) return 0;
    // A name that arrives in two pieces follows no value.
    if (self.trailers.empty() || !self.open_name) self.trailers.emplace_back();
    self.open_name = true;
    self.trailers.back().first.append(at, length);
    return 0;
  }
  static int OnValue(llhttp_t* p, const char* at, std::size_t length) {
    Impl& self = Of(p);
    if (!self.head_done) return 0;
    self.open_name = false;
    self.trailers.back().second.append(at, length);
    return 0;
  }
  static int OnHeadersComplete(llhttp_t* p) {
    Of(p).head_done = true;
    return 0;
  }
  static int OnChunkHeader(llhttp_t* p) {
    if (p->content_length == 0) Of(p).in_trailers = true;
    return 0;
  }
  static int OnComplete(llhttp_t* p) {
    Of(p).complete = true;
    return HPE_PAUSED;
  }
  static const llhttp_settings_t& Settings();

  bool open_name = false;

  // obs-fold: a trailer line that starts with white space. The bytes of the last-chunk line itself cannot contain LF.
  bool FoldsTrailer(std::string_view bytes) {
    for (const char c : bytes) {
      if (last == '\n' && (c == ' ' || c == '\t')) return true;
      last = c;
    }
    return false;
  }
};

const llhttp_settings_t& ChunkDecoder::Impl::Settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_body = OnBody;
    made.on_header_field = OnField;
    made.on_header_value = OnValue;
    made.on_headers_complete = OnHeadersComplete;
    made.on_chunk_header = OnChunkHeader;
    made.on_message_complete = OnComplete;
    return made;
  }();
  return settings;
}

ChunkDecoder::ChunkDecoder() : impl_(std::make_unique<Impl>()) {
  static constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  llhttp_init(&impl_->parser, HTTP_REQUEST, &Impl::Settings());
  impl_->parser.data = impl_.get();
  llhttp_execute(&impl_->parser, kHead.data(), kHead.size());
}

ChunkDecoder::~ChunkDecoder() = default;
ChunkDecoder::ChunkDecoder(ChunkDecoder&&) noexcept = default;
ChunkDecoder& ChunkDecoder::operator=(ChunkDecoder&&) noexcept = default;

ChunkDecoder::State ChunkDecoder::Feed(std::string_view input, std::size_t& consumed, std::vector<std::string_view>& data) {
  Impl& self = *impl_;
  self.data = &data;
  const std::size_t pieces_before = data.size();
  consumed = input.size();
  const llhttp_errno_t error = llhttp_execute(&self.parser, input.data(), input.size());
  if (error == HPE_PAUSED && self.complete) {
    consumed = static_cast<std::size_t>(llhttp_get_error_pos(&self.parser) - input.data());
  } else if (error != HPE_OK) {
    return State::kBad;
  }
  std::size_t payload = 0;
  for (std::size_t i = pieces_before; i < data.size(); ++i) payload += data[i].size();
  self.overhead += consumed - payload;
  // Framing of well-formed data chunks is not held against a long body: a size line and CRLF cost some 20 bytes each at most.
  const std::size_t framing = (data.size() - pieces_before) * 24;
  self.overhead -= std::min(self.overhead, framing);
  if (self.overhead > kMaxOverheadBytes) return State::kBad;
  if (self.in_trailers) {
    const std::string_view tail = data.size() > pieces_before
                                      ? input.substr(static_cast<std::size_t>(data.back().data() + data.back().size() - input.data()))
                                      : input;
    if (self.FoldsTrailer(tail.substr(0, consumed - static_cast<std::size_t>(tail.data() - input.data())))) return State::kBad;
  }
  if (!self.complete) return State::kMore;
  for (const auto& [name, value] : self.trailers) {
    if (!IsToken(name) || !IsFieldValue(value)) return State::kBad;
  }
  return State::kDone;
}

const Trailers& ChunkDecoder::trailers() const { return impl_->trailers; }

}  // namespace switchyard::agent::codec
