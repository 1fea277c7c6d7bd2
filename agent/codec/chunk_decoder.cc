#include "agent/codec/chunk_decoder.h"

#include <llhttp.h>

#include "agent/codec/h1_lines.h"

namespace switchyard::agent::codec {

struct ChunkDecoder::Impl {
  llhttp_t parser{};
  std::vector<std::string_view>* data = nullptr;
  Trailers trailers;
  std::size_t overhead = 0;
  std::size_t line_length = 0;
  bool complete = false;
  bool head_done = false;
  bool open_name = false;
  char last = '\n';

  static Impl& Of(llhttp_t* p) { return *static_cast<Impl*>(p->data); }

  static int OnBody(llhttp_t* p, const char* at, std::size_t length) {
    Of(p).data->emplace_back(at, length);
    return 0;
  }
  static int OnField(llhttp_t* p, const char* at, std::size_t length) {
    Impl& self = Of(p);
    if (!self.head_done) return 0;
    // A name that arrives in two pieces follows no value.
    if (!self.open_name) {
      self.trailers.emplace_back();
      self.overhead += kTrailerCost;
    }
    self.open_name = true;
    self.overhead += length;
    self.trailers.back().first.append(at, length);
    return 0;
  }
  static int OnValue(llhttp_t* p, const char* at, std::size_t length) {
    Impl& self = Of(p);
    if (!self.head_done) return 0;
    self.open_name = false;
    self.overhead += length;
    self.trailers.back().second.append(at, length);
    return 0;
  }
  static int OnHeadersComplete(llhttp_t* p) {
    Of(p).head_done = true;
    return 0;
  }
  static int OnComplete(llhttp_t* p) {
    Of(p).complete = true;
    return HPE_PAUSED;
  }
  static const llhttp_settings_t& Settings();

  // The bytes between the data: size lines, line ends, trailers. False: a bare CR or LF, or a line that starts with white space (obs-fold).
  bool ReadFraming(std::string_view bytes) {
    for (const char c : bytes) {
      if ((c == '\n') != (last == '\r')) return false;
      if (last == '\n' && (c == ' ' || c == '\t')) return false;
      if (++line_length > kFreeLineBytes) ++overhead;
      if (c == '\n') line_length = 0;
      last = c;
    }
    return overhead <= kMaxOverheadBytes;
  }

  // `input` without the pieces of data that were found in it.
  bool ReadFramingAround(std::string_view input, const std::vector<std::string_view>& pieces, std::size_t first) {
    std::size_t from = 0;
    for (std::size_t i = first; i < pieces.size(); ++i) {
      const auto at = static_cast<std::size_t>(pieces[i].data() - input.data());
      if (!ReadFraming(input.substr(from, at - from))) return false;
      last = 0;
      from = at + pieces[i].size();
    }
    return ReadFraming(input.substr(from));
  }

  bool FinishTrailers() {
    for (auto& [name, value] : trailers) {
      value.erase(value.find_last_not_of(" \t") + 1);
      if (!IsToken(name) || !IsFieldValue(value)) return false;
    }
    return true;
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
    made.on_message_complete = OnComplete;
    return made;
  }();
  return settings;
}

ChunkDecoder::ChunkDecoder() : impl_(std::make_unique<Impl>()) { Restart(); }

void ChunkDecoder::Restart() {
  // The state of a parser that has read a head which announces chunks; reached once, then copied.
  static const Impl after_head = [] {
    static constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    Impl made;
    llhttp_init(&made.parser, HTTP_REQUEST, &Impl::Settings());
    made.parser.data = &made;
    llhttp_execute(&made.parser, kHead.data(), kHead.size());
    return made;
  }();
  *impl_ = after_head;
  impl_->parser.data = impl_.get();
}

ChunkDecoder::~ChunkDecoder() = default;
ChunkDecoder::ChunkDecoder(ChunkDecoder&&) noexcept = default;
ChunkDecoder& ChunkDecoder::operator=(ChunkDecoder&&) noexcept = default;

ChunkDecoder::State ChunkDecoder::Feed(std::string_view input, std::size_t& consumed, std::vector<std::string_view>& data) {
  Impl& self = *impl_;
  consumed = 0;
  if (input.empty()) return self.complete ? State::kDone : State::kMore;
  self.data = &data;
  const std::size_t pieces_before = data.size();
  consumed = input.size();
  const llhttp_errno_t error = llhttp_execute(&self.parser, input.data(), input.size());
  if (error == HPE_PAUSED && self.complete) {
    consumed = static_cast<std::size_t>(llhttp_get_error_pos(&self.parser) - input.data());
  } else if (error != HPE_OK) {
    return State::kBad;
  }
  if (!self.ReadFramingAround(input.substr(0, consumed), data, pieces_before)) return State::kBad;
  if (!self.complete) return State::kMore;
  return self.FinishTrailers() ? State::kDone : State::kBad;
}

const Trailers& ChunkDecoder::trailers() const { return impl_->trailers; }

}  // namespace switchyard::agent::codec
