#include "agent/codec/hpack_huffman.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace switchyard::agent::codec {
namespace {

constexpr unsigned kSymbols = 257;
constexpr unsigned kEndOfString = 256;
constexpr unsigned kShortest = 5;
constexpr unsigned kLongest = 30;
constexpr unsigned kFastBits = 9;

// Bits of each symbol's code. The code is canonical: codes of one length follow each other in the order of their symbols, and longer ones follow
// shorter ones, so the lengths say all.
constexpr std::array<std::uint8_t, kSymbols> kLengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10,
    13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30};

struct Code {
  std::uint32_t bits = 0;
  std::uint8_t length = 0;
};

struct Tables {
  std::array<Code, kSymbols> codes{};
  // By the next kFastBits bits: the symbol and its length, 0 when the code is longer.
  struct Fast {
    std::uint8_t symbol = 0;
    std::uint8_t length = 0;
  };
  std::array<Fast, 1U << kFastBits> fast{};
  // By length: the first code behind those of this length, aligned to the left of 32 bits; and where its symbols stand.
  std::array<std::uint64_t, kLongest + 1> limit{};
  std::array<std::uint32_t, kLongest + 1> first{};
  std::array<std::uint16_t, kLongest + 1> place{};
  std::array<std::uint16_t, kSymbols> in_order{};
};

constexpr Tables MakeTables() {
  Tables tables;
  std::uint32_t code = 0;
  std::uint16_t placed = 0;
  for (unsigned length = kShortest; length <= kLongest; ++length) {
    tables.first[length] = code;
    tables.place[length] = placed;
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLengths[symbol] != length) continue;
      tables.codes[symbol] = {code, static_cast<std::uint8_t>(length)};
      tables.in_order[placed++] = static_cast<std::uint16_t>(symbol);
      for (unsigned low = 0; length <= kFastBits && low < 1U << (kFastBits - length); ++low) {
        tables.fast[(code << (kFastBits - length)) + low] = {static_cast<std::uint8_t>(symbol), static_cast<std::uint8_t>(length)};
      }
      ++code;
    }
    tables.limit[length] = std::uint64_t{code} << (32 - length);
    code <<= 1U;
  }
  return tables;
}
constexpr Tables kTables = MakeTables();
static_assert(kTables.codes[kEndOfString].bits == 0x3fffffff, "the longest code is all ones");

struct Symbol {
  unsigned value = kEndOfString;
  unsigned length = 0;
};

Symbol SlowSymbol(std::uint32_t window) {
  unsigned length = kFastBits + 1;
  while (length < kLongest && window >= kTables.limit[length]) ++length;
  const std::uint32_t at = (window >> (32 - length)) - kTables.first[length];
  return {kTables.in_order[kTables.place[length] + at], length};
}

// Bits come in from the left.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  // False: there were no more.
  bool Fill() {
    if (at_ == end_) return false;
    if (end_ - at_ >= 8) {
      std::uint64_t next = 0;
      std::memcpy(&next, at_, sizeof next);
      bits_ |= (std::endian::native == std::endian::little ? __builtin_bswap64(next) : next) >> have_;
      at_ += (63 - have_) >> 3U;
      have_ |= 56U;
      return true;
    }
    for (; have_ <= 56 && at_ != end_; have_ += 8) bits_ |= std::uint64_t{static_cast<unsigned char>(*at_++)} << (56 - have_);
    return true;
  }
  std::uint32_t window() const { return static_cast<std::uint32_t>(bits_ >> 32U); }
  unsigned have() const { return have_; }
  void Drop(unsigned count) {
    bits_ <<= count;
    have_ -= count;
  }
  // Less than a byte of ones is left.
  bool AtPadding() const { return have_ == 0 || (have_ < 8 && at_ == end_ && bits_ >> (64 - have_) == (1U << have_) - 1); }

 private:
  const char* at_;
  const char* end_;
  std::uint64_t bits_ = 0;
  unsigned have_ = 0;
};

}  // namespace

std::size_t HuffmanSize(std::string_view text) {
  std::size_t bits = 0;
  for (const char c : text) bits += kLengths[static_cast<unsigned char>(c)];
  return (bits + 7) / 8;
}

char* HuffmanEncode(std::string_view text, char* out) {
  std::uint64_t bits = 0;
  unsigned have = 0;
  for (const char c : text) {
    const Code code = kTables.codes[static_cast<unsigned char>(c)];
    bits = bits << code.length | code.bits;
    have += code.length;
    for (; have >= 8; have -= 8) *out++ = static_cast<char>(bits >> (have - 8));
  }
  if (have > 0) *out++ = static_cast<char>(bits << (8 - have) | 0xffU >> have);
  return out;
}

char* HuffmanDecode(std::string_view coded, char* out) {
  BitReader bits(coded);
  while (true) {
    bits.Fill();
    Tables::Fast fast = kTables.fast[bits.window() >> (32 - kFastBits)];
    while (fast.length != 0 && fast.length <= bits.have()) {
      *out++ = static_cast<char>(fast.symbol);
      bits.Drop(fast.length);
      fast = kTables.fast[bits.window() >> (32 - kFastBits)];
    }
    if (bits.have() < kLongest && bits.Fill()) continue;
    // What is left is a long code, or padding.
    if (fast.length != 0 || bits.have() <= kFastBits) break;
    const Symbol symbol = SlowSymbol(bits.window());
    if (symbol.length > bits.have()) break;
    if (symbol.value == kEndOfString) return nullptr;
    *out++ = static_cast<char>(symbol.value);
    bits.Drop(symbol.length);
  }
  return bits.AtPadding() ? out : nullptr;
}

}  // namespace switchyard::agent::codec
