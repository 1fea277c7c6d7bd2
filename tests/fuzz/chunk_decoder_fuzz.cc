// Chunked bodies: any split of the input gives the same result, and what is accepted is what a plain reading of RFC 9112 section 7.1 gives.
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/h1_lines.h"

namespace {

using namespace switchyard::agent::codec;
using State = ChunkDecoder::State;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Result {
  State state = State::kMore;
  std::string payload;
  std::size_t consumed = 0;
  Trailers trailers;
};

void FeedPiece(ChunkDecoder& decoder, std::string_view piece, Result& out) {
  if (out.state != State::kMore) return;
  // An exact copy, so that a sanitizer sees a read beyond the piece.
  const std::vector<char> bytes(piece.begin(), piece.end());
  const std::string_view input(bytes.data(), bytes.size());
  std::vector<std::string_view> data;
  std::size_t consumed = 0;
  out.state = decoder.Feed(input, consumed, data);
  Require(consumed <= input.size() && (out.state != State::kMore || consumed == input.size()));
  out.consumed += consumed;
  for (const std::string_view view : data) {
    Require(view.data() >= input.data() && view.data() + view.size() <= input.data() + input.size());
    out.payload += view;
  }
  if (out.state == State::kDone) out.trailers = decoder.trailers();
}

// The first piece has `first` bytes, the others `step`.
Result Decode(std::string_view input, std::size_t first, std::size_t step) {
  ChunkDecoder decoder;
  Result out;
  FeedPiece(decoder, input.substr(0, first), out);
  for (std::size_t at = first; at < input.size() && out.state == State::kMore; at += step) FeedPiece(decoder, input.substr(at, step), out);
  return out;
}

void RequireSame(const Result& a, const Result& b) {
  Require(a.state == b.state);
  if (a.state == State::kBad) return;
  Require(a.payload == b.payload && a.consumed == b.consumed && a.trailers == b.trailers);
}

// Up to CRLF, which is taken off; false when there is none.
bool TakeLine(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line.find_first_of("\r\n") == std::string_view::npos;
}

bool PlainRead(std::string_view rest, std::string& payload, std::string_view& behind) {
  std::string_view line;
  while (TakeLine(rest, line)) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc()) return false;
    if (end != line.data() + line.size() && *end != ';') return false;
    if (size == 0) {
      while (TakeLine(rest, line)) {
        if (line.empty()) {
          behind = rest;
          return true;
        }
        if (!IsToken(line.substr(0, line.find(':')))) return false;
      }
      return false;
    }
    if (rest.size() < size + 2) return false;
    payload += rest.substr(0, size);
    rest.remove_prefix(size);
    if (!rest.starts_with("\r\n")) return false;
    rest.remove_prefix(2);
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Result whole = Decode(input, input.size(), 1);
  for (const std::size_t step : {1U, 2U, 3U, 7U, 64U}) RequireSame(whole, Decode(input, 0, step));
  for (std::size_t first = 1; first < input.size() && first < 40; ++first) RequireSame(whole, Decode(input, first, input.size()));
  if (whole.state == State::kDone) {
    std::string payload;
    std::string_view behind;
    Require(PlainRead(input, payload, behind));
    Require(payload == whole.payload && behind.size() == input.size() - whole.consumed);
    for (const auto& [name, value] : whole.trailers) Require(IsToken(name) && IsFieldValue(value));
  }
  return 0;
}
