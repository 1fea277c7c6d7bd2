#include "agent/codec/h1_lines.h"

#include <array>
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

bool AllIn(const std::array<bool, 256>& table, std::string_view text) {
  for (const char c : text) {
    if (!table[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool GoodRequestLine(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == 0 || last <= first + 1 || last + 1 == line.size()) return false;
  const std::string_view target = line.substr(first + 1, last - first - 1);
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '#') return false;
  }
  return IsToken(line.substr(0, first)) && AllIn(kValue, line.substr(last + 1));
}

bool GoodFieldLine(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  return IsToken(line.substr(0, colon)) && AllIn(kValue, line.substr(colon + 1));
}

}  // namespace

bool IsFieldValue(std::string_view value) { return AllIn(kValue, value); }

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

LineFault CheckHeadLines(std::string_view head, bool is_request, std::size_t max_headers) {
  std::size_t lines = 0;
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t lf = rest.find('\n');
    if (lf == std::string_view::npos || lf == 0 || rest[lf - 1] != '\r') return LineFault::kMalformed;
    const std::string_view line = rest.substr(0, lf - 1);
    rest.remove_prefix(lf + 1);
    if (line.empty()) return rest.empty() && lines > 0 ? LineFault::kNone : LineFault::kMalformed;
    if (lines == 0) {
      if (is_request ? !GoodRequestLine(line) : !AllIn(kValue, line)) return LineFault::kMalformed;
    } else if (!GoodFieldLine(line)) {
      return LineFault::kMalformed;
    } else if (lines > max_headers) {
      return LineFault::kTooManyHeaders;
    }
    ++lines;
  }
  return LineFault::kMalformed;
}

}  // namespace switchyard::agent::codec
