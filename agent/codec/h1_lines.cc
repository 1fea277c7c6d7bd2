#include "agent/codec/h1_lines.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstring>

namespace switchyard::agent::codec {
namespace {

// RFC 9110 section 5.6.2: tchar.
constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kToken = MakeTokenTable();

// RFC 9110 section 5.5: field-vchar, SP, HTAB; obs-text is passed through.
constexpr std::array<bool, 256> MakeValueTable() {
  std::array<bool, 256> table{};
  for (unsigned c = 0x20; c < 256; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}
constexpr std::array<bool, 256> kValue = MakeValueTable();

// What a request target may consist of (RFC 3986), `#` aside, which no client sends.
constexpr std::array<bool, 256> MakeTargetTable() {
  std::array<bool, 256> table{};
  for (unsigned c = 0x21; c < 0x7f; ++c) table[c] = c != '#';
  return table;
}
constexpr std::array<bool, 256> kTarget = MakeTargetTable();

// The first byte that is not in the table.
const char* SkipIn(const std::array<bool, 256>& table, const char* at, const char* end) {
  while (at != end && table[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

// The same for kValue, which is most of a head.
const char* SkipValue(const char* at, const char* end) {
#ifdef __SSE2__
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Unsigned: max(byte, space) is the byte itself unless that is a control.
    const __m128i visible = _mm_cmpeq_epi8(_mm_max_epu8(bytes, space), bytes);
    const __m128i good = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, del), _mm_or_si128(visible, _mm_cmpeq_epi8(bytes, tab)));
    const auto bad = static_cast<unsigned>(_mm_movemask_epi8(good)) ^ 0xffffU;
    if (bad != 0) return at + std::countr_zero(bad);
  }
#endif
  return SkipIn(kValue, at, end);
}

bool AllIn(const std::array<bool, 256>& table, std::string_view text) {
  return SkipIn(table, text.data(), text.data() + text.size()) == text.data() + text.size();
}

std::string_view Between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

std::string_view Trimmed(const char* begin, const char* end) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (begin != end && blank(*begin)) ++begin;
  while (begin != end && blank(end[-1])) --end;
  return Between(begin, end);
}

// Reads one line after the other; false: it is not well-formed.
class LineReader {
 public:
  explicit LineReader(std::string_view head) : at_(head.data()), end_(head.data() + head.size()) {}

  bool Request(HeadLines& out) {
    return Word(kToken, out.method) && Word(kTarget, out.target) && EndOfLine(out.version) && !out.version.empty() &&
           out.version.find(' ') == std::string_view::npos;
  }
  bool Status(HeadLines& out) { return EndOfLine(out.status) && !out.status.empty(); }

  bool Field(Header& out) {
    const char* colon = SkipIn(kToken, at_, end_);
    if (colon == at_ || colon == end_ || *colon != ':') return false;
    out.name = Between(at_, colon);
    const char* begin = colon + 1;
    const char* stop = SkipValue(begin, end_);
    out.value = Trimmed(begin, stop);
    return PastLine(stop);
  }
  bool AtEmptyLine() const { return end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n'; }
  bool AtLastLine() const { return end_ - at_ == 2; }

 private:
  bool Word(const std::array<bool, 256>& table, std::string_view& out) {
    const char* stop = SkipIn(table, at_, end_);
    if (stop == at_ || stop == end_ || *stop != ' ') return false;
    out = Between(at_, stop);
    at_ = stop + 1;
    return true;
  }
  bool EndOfLine(std::string_view& out) {
    const char* stop = SkipValue(at_, end_);
    out = Between(at_, stop);
    return PastLine(stop);
  }
  bool PastLine(const char* stop) {
    if (end_ - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return false;
    at_ = stop + 2;
    return true;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

bool IsFieldValue(std::string_view value) { return SkipValue(value.data(), value.data() + value.size()) == value.data() + value.size(); }

bool IsToken(std::string_view text) { return !text.empty() && AllIn(kToken, text); }

std::size_t FindHeadEnd(std::string_view bytes, std::size_t scanned) {
  // The empty line may have begun up to three bytes before what was looked at.
  std::size_t at = scanned < 3 ? 0 : scanned - 3;
  while (at < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    if (found == nullptr) return 0;
    const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (lf + 1 < bytes.size() && bytes[lf + 1] == '\n') return lf + 2;
    if (lf + 2 < bytes.size() && bytes[lf + 1] == '\r' && bytes[lf + 2] == '\n') return lf + 3;
    at = lf + 1;
  }
  return 0;
}

LineFault ReadHeadLines(std::string_view head, bool is_request, std::size_t max_headers, HeadLines& lines, std::vector<Header>& headers) {
  LineReader reader(head);
  if (!(is_request ? reader.Request(lines) : reader.Status(lines))) return LineFault::kMalformed;
  for (std::size_t count = 0; !reader.AtEmptyLine(); ++count) {
    Header& header = headers.emplace_back();
    if (!reader.Field(header)) return LineFault::kMalformed;
    if (count >= max_headers) return LineFault::kTooManyHeaders;
    header.id = IdOf(header.name);
  }
  return reader.AtLastLine() ? LineFault::kNone : LineFault::kMalformed;
}

}  // namespace switchyard::agent::codec
