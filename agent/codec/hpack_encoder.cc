#include "agent/codec/hpack_encoder.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "agent/codec/hpack_huffman.h"
#include "agent/codec/hpack_static.h"
#include "agent/codec/spare_memory.h"

namespace switchyard::agent::codec {
namespace {

// First indexes of the static table (RFC 7541 appendix A).
constexpr std::uint32_t kStatusName = 8;
constexpr std::uint32_t kLastWithValue = 16;
constexpr std::uint32_t kAuthorization = 23;
constexpr std::uint32_t kCookie = 32;
constexpr std::uint32_t kProxyAuthorization = 49;
constexpr std::uint32_t kSetCookie = 55;
// RFC 7541 section 6: how a field begins.
constexpr std::uint8_t kIndexed = 0x80;
constexpr std::uint8_t kAdded = 0x40;
constexpr std::uint8_t kSizeChange = 0x20;
constexpr std::uint8_t kNever = 0x10;
constexpr std::uint8_t kPlain = 0x00;
// A shorter text is not worth the look whether coding makes it shorter.
constexpr std::size_t kLeastCoded = 4;
constexpr std::size_t kShortName = 64;
constexpr std::uint8_t kPatience = 8;

bool IsSecret(std::uint32_t index) {
  return index == kAuthorization || index == kCookie || index == kProxyAuthorization || index == kSetCookie;
}

std::uint64_t Eight(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::uint64_t Four(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Its ends and its middle: two texts that differ elsewhere only are taken for one until they are compared.
std::uint64_t Mix(std::string_view text) {
  const std::size_t size = text.size();
  const char* const at = text.data();
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  std::uint64_t mixed = size * kOdd;
  if (size >= 8) {
    mixed ^= Eight(at) * kOdd;
    mixed = (mixed ^ mixed >> 29U) + Eight(at + size / 2 - 4);
    return (mixed ^ Eight(at + size - 8)) * kOdd;
  }
  if (size >= 4) return (mixed ^ (Four(at) << 32U | Four(at + size - 4))) * kOdd;
  if (size == 0) return mixed;
  const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
  return (mixed ^ (byte(0) << 16U | byte(size / 2) << 8U | byte(size - 1))) * kOdd;
}

std::uint32_t HashOf(std::string_view name, std::string_view value) {
  const std::uint64_t mixed = Mix(name);
  return static_cast<std::uint32_t>(((mixed ^ mixed >> 31U) + Mix(value)) * 0xd6e8feb86659fd93 >> 32U);
}

constexpr std::uint64_t EachByte(std::uint8_t byte) { return 0x0101010101010101U * byte; }

// The high bit of each byte from `A` to `Z` among eight; those above 0x7f are no capitals.
std::uint64_t Capitals(std::uint64_t bytes) {
  const std::uint64_t low = bytes & EachByte(0x7f);
  return (low + EachByte(0x80 - 'A')) & ~(low + EachByte(0x7f - 'Z')) & ~bytes & EachByte(0x80);
}

bool HasCapital(std::string_view name) {
  const char* const at = name.data();
  const std::size_t size = name.size();
  if (size < 4) return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (size < 8) return Capitals(Four(at) << 32U | Four(at + size - 4)) != 0;
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (Capitals(Eight(at + i)) != 0) return true;
  }
  return Capitals(Eight(at + size - 8)) != 0;
}

void ToLower(std::string_view name, char* to) {
  const char* const at = name.data();
  const std::size_t size = name.size();
  if (size < 8) {
    for (const char c : name) *to++ = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return;
  }
  const auto lower = [&](std::size_t i) {
    const std::uint64_t bytes = Eight(at + i);
    // A small letter is the capital and this bit.
    const std::uint64_t small = bytes | Capitals(bytes) >> 2U;
    std::memcpy(to + i, &small, sizeof small);
  };
  for (std::size_t i = 0; i + 8 < size; i += 8) lower(i);
  lower(size - 8);
}

// Without a call for what is short, as nearly all is.
bool Same(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 32) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (Eight(a.data() + i) != Eight(b.data() + i)) return false;
    }
    return Eight(a.data() + size - 8) == Eight(b.data() + size - 8);
  }
  if (size >= 4) return Four(a.data()) == Four(b.data()) && Four(a.data() + size - 4) == Four(b.data() + size - 4);
  return std::equal(a.begin(), a.end(), b.begin());
}

char* WriteText(std::string_view text, char* out) {
  const std::size_t coded = text.size() < kLeastCoded ? text.size() : HuffmanSize(text);
  if (coded < text.size()) {
    out = WriteHpackInteger(out, 0x80, 7, static_cast<std::uint32_t>(coded));
    return HuffmanEncode(text, out);
  }
  out = WriteHpackInteger(out, 0, 7, static_cast<std::uint32_t>(text.size()));
  std::copy(text.begin(), text.end(), out);
  return out + text.size();
}

}  // namespace

HpackEncoder::~HpackEncoder() { SpareMemory::Give(seen_); }

void HpackEncoder::SetPeerLimit(std::uint32_t bytes) {
  const std::uint32_t limit = std::min(bytes, kHpackTableBytes);
  table_.SetLimit(limit);
  least_ = std::min(least_, limit);
}

// RFC 7541 section 4.2: of several changes the smallest is told, too.
char* HpackEncoder::Begin(char* out) {
  if (least_ == announced_ && table_.limit() == announced_) return out;
  if (least_ < std::min(announced_, table_.limit())) out = WriteHpackInteger(out, kSizeChange, 5, least_);
  announced_ = least_ = table_.limit();
  return WriteHpackInteger(out, kSizeChange, 5, announced_);
}

char* HpackEncoder::AddStatus(std::uint16_t status, char* out) {
  const std::array<char, 3> digits = {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                                      static_cast<char>('0' + status % 10)};
  const std::string_view text(digits.data(), digits.size());
  const std::uint32_t whole = StaticValue(kStatusName, text);
  if (whole != 0) return WriteHpackInteger(out, kIndexed, 7, whole);
  return Literal(kPlain, 4, kStatusName, {}, text, out);
}

char* HpackEncoder::Add(std::string_view name, std::string_view value, bool never_indexed, char* out) {
  if (!HasCapital(name)) return AddLower(name, value, never_indexed, out);
  if (name.size() <= kShortName) {
    std::array<char, kShortName> lower;
    ToLower(name, lower.data());
    return AddLower({lower.data(), name.size()}, value, never_indexed, out);
  }
  std::string lower(name.size(), '\0');
  ToLower(name, lower.data());
  return AddLower(lower, value, never_indexed, out);
}

char* HpackEncoder::Literal(std::uint8_t pattern, unsigned prefix, std::uint32_t index, std::string_view name, std::string_view value,
                            char* out) const {
  out = WriteHpackInteger(out, pattern, prefix, index);
  if (index == 0) out = WriteText(name, out);
  return WriteText(value, out);
}

// Whether `seen` still stands for this field, and where: its index in both tables; 0: it does not.
std::uint32_t HpackEncoder::IndexOf(const Seen& seen, std::string_view name, std::string_view value) const {
  if (seen.added >= kStaticMark) {
    const StaticField& field = StaticFieldAt(seen.added - kStaticMark);
    return Same(field.value, value) && Same(field.name, name) ? seen.added - kStaticMark : 0;
  }
  if (seen.added == 0 || PlaceOf(seen) >= table_.count()) return 0;
  const HpackTable::Field field = table_.At(PlaceOf(seen));
  return Same(field.value, value) && Same(field.name, name) ? PlaceOf(seen) + kStaticFields + 1 : 0;
}

HpackEncoder::Seen* HpackEncoder::SetOf(std::uint32_t hash) const { return seen_ + (hash % (kSeen / kWays)) * kWays; }

HpackEncoder::Seen* HpackEncoder::Find(std::uint32_t hash) const {
  if (seen_ == nullptr) return nullptr;
  Seen* const set = SetOf(hash);
  for (std::uint32_t i = 0; i < kWays; ++i) {
    if (set[i].hash == hash) return set + i;
  }
  return nullptr;
}

// In the place of the one of its set that is of least use. When all stand for fields of the tables, one in so many newcomers takes the oldest's place:
// what comes only once must not push them out, but they must not stay for ever either.
void HpackEncoder::Remember(Seen newcomer) {
  if (seen_ == nullptr) {
    void* block = SpareMemory::Take(kSeen * sizeof(Seen));
    if (block == nullptr) throw std::bad_alloc();
    seen_ = new (block) Seen[kSeen]{};
  }
  Seen* const set = SetOf(newcomer.hash);
  const auto lives = [this](const Seen& seen) { return seen.added >= kStaticMark || (seen.added != 0 && PlaceOf(seen) < table_.count()); };
  std::uint32_t given = kWays;
  while (given > 0 && lives(set[given - 1])) --given;
  if (given == 0 && ++newcomers_ % kPatience == 0) given = kWays;
  if (given == 0) return;
  // The newest stands first.
  std::move_backward(set, set + given - 1, set + given);
  *set = newcomer;
}

char* HpackEncoder::AddLower(std::string_view name, std::string_view value, bool never_indexed, char* out) {
  if (never_indexed) return Literal(kNever, 4, StaticName(name), name, value, out);
  const std::uint32_t hash = HashOf(name, value);
  Seen* const seen = Find(hash);
  const std::uint32_t known = seen != nullptr ? IndexOf(*seen, name, value) : 0;
  if (known != 0) return WriteHpackInteger(out, kIndexed, 7, known);
  const std::uint32_t index = StaticName(name);
  const std::uint32_t whole = index != 0 && index <= kLastWithValue ? StaticValue(index, value) : 0;
  if (whole != 0) {
    Remember({hash, kStaticMark + whole});
    return WriteHpackInteger(out, kIndexed, 7, whole);
  }
  if (IsSecret(index)) return Literal(kNever, 4, index, name, value, out);
  // Additions are counted, and the count must not run into the mark.
  const bool full = table_.added() >= kStaticMark - 1;
  if (full || name.size() + value.size() + HpackTable::kEntryCost > table_.limit() / 2) return Literal(kPlain, 4, index, name, value, out);
  if (seen == nullptr) {
    Remember({hash, 0});
    return Literal(kPlain, 4, index, name, value, out);
  }
  table_.Add(name, value, {});
  seen->added = table_.added();
  return Literal(kAdded, 6, index, name, value, out);
}

}  // namespace switchyard::agent::codec
