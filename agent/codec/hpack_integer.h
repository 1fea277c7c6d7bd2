// Integers of HPACK: the low bits of a byte, and seven bits per byte behind it where those are not enough.
//
// Thread-safety: pure functions. Bounds: values of 32 bits; what is larger is an error. Source: RFC 7541 section 5.1.
#pragma once

#include <cstdint>

namespace switchyard::agent::codec {

// Most bytes that a value takes, the first one included.
inline constexpr unsigned kHpackIntegerBytes = 6;

// Puts `value` behind `pattern`, whose low `prefix` bits are free. Returns the end.
inline char* WriteHpackInteger(char* out, std::uint8_t pattern, unsigned prefix, std::uint32_t value) {
  const std::uint32_t most = (1U << prefix) - 1;
  if (value < most) {
    *out++ = static_cast<char>(pattern | value);
    return out;
  }
  *out++ = static_cast<char>(pattern | most);
  for (value -= most; value >= 128; value >>= 7U) *out++ = static_cast<char>(value | 0x80U);
  *out++ = static_cast<char>(value);
  return out;
}

// Reads at `at`, which is before `end`, and goes behind it. False: it is cut off or too large.
inline bool ReadHpackInteger(const char*& at, const char* end, unsigned prefix, std::uint32_t& value) {
  const std::uint32_t most = (1U << prefix) - 1;
  value = static_cast<unsigned char>(*at++) & most;
  if (value < most) return true;
  std::uint64_t sum = value;
  for (unsigned shift = 0; at != end && shift <= 28; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    sum += std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) != 0) continue;
    value = static_cast<std::uint32_t>(sum);
    return sum <= 0xffffffffU;
  }
  return false;
}

}  // namespace switchyard::agent::codec
