#include "common/config/utf8.h"

namespace switchyard::config {
namespace {

// Whether text[i] is a byte from `low` to `high`.
bool In(std::string_view text, std::size_t i, unsigned low, unsigned high) {
  if (i >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[i]);
  return byte >= low && byte <= high;
}

bool Tail(std::string_view text, std::size_t i) { return In(text, i, 0x80, 0xbf); }

std::size_t ThreeBytes(std::string_view text, unsigned lead) {
  const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
  const unsigned high = lead == 0xed ? 0x9f : 0xbf;
  return In(text, 1, low, high) && Tail(text, 2) ? 3 : 0;
}

std::size_t FourBytes(std::string_view text, unsigned lead) {
  const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
  return In(text, 1, low, high) && Tail(text, 2) && Tail(text, 3) ? 4 : 0;
}

}  // namespace

std::size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return Tail(text, 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) return ThreeBytes(text, lead);
  if (lead >= 0xf0 && lead <= 0xf4) return FourBytes(text, lead);
  return 0;
}

std::size_t FindInvalidUtf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = Utf8Length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace switchyard::config
