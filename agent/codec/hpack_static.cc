#include "agent/codec/hpack_static.h"

#include <array>
#include <cstddef>

namespace switchyard::agent::codec {
namespace {

constexpr std::array<StaticField, kStaticFields> kFields = {{{":authority", ""},
                                                             {":method", "GET"},
                                                             {":method", "POST"},
                                                             {":path", "/"},
                                                             {":path", "/index.html"},
                                                             {":scheme", "http"},
                                                             {":scheme", "https"},
                                                             {":status", "200"},
                                                             {":status", "204"},
                                                             {":status", "206"},
                                                             {":status", "304"},
                                                             {":status", "400"},
                                                             {":status", "404"},
                                                             {":status", "500"},
                                                             {"accept-charset", ""},
                                                             {"accept-encoding", "gzip, deflate"},
                                                             {"accept-language", ""},
                                                             {"accept-ranges", ""},
                                                             {"accept", ""},
                                                             {"access-control-allow-origin", ""},
                                                             {"age", ""},
                                                             {"allow", ""},
                                                             {"authorization", ""},
                                                             {"cache-control", ""},
                                                             {"content-disposition", ""},
                                                             {"content-encoding", ""},
                                                             {"content-language", ""},
                                                             {"content-length", ""},
                                                             {"content-location", ""},
                                                             {"content-range", ""},
                                                             {"content-type", ""},
                                                             {"cookie", ""},
                                                             {"date", ""},
                                                             {"etag", ""},
                                                             {"expect", ""},
                                                             {"expires", ""},
                                                             {"from", ""},
                                                             {"host", ""},
                                                             {"if-match", ""},
                                                             {"if-modified-since", ""},
                                                             {"if-none-match", ""},
                                                             {"if-range", ""},
                                                             {"if-unmodified-since", ""},
                                                             {"last-modified", ""},
                                                             {"link", ""},
                                                             {"location", ""},
                                                             {"max-forwards", ""},
                                                             {"proxy-authenticate", ""},
                                                             {"proxy-authorization", ""},
                                                             {"range", ""},
                                                             {"referer", ""},
                                                             {"refresh", ""},
                                                             {"retry-after", ""},
                                                             {"server", ""},
                                                             {"set-cookie", ""},
                                                             {"strict-transport-security", ""},
                                                             {"transfer-encoding", ""},
                                                             {"user-agent", ""},
                                                             {"vary", ""},
                                                             {"via", ""},
                                                             {"www-authenticate", ""}}};

constexpr std::size_t kSlots = 256;

constexpr std::size_t SlotOf(std::string_view name) {
  const auto at = [name](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(name[i])); };
  return (name.size() * 37 + at(0) * 7 + at(name.size() - 1) * 3 + at(name.size() / 2) * 17) % kSlots;
}

// Open addressing; a slot holds an index, 0 when it is free.
constexpr std::array<std::uint8_t, kSlots> MakeSlots() {
  std::array<std::uint8_t, kSlots> slots{};
  for (std::size_t i = 0; i < kStaticFields; ++i) {
    if (i > 0 && kFields[i].name == kFields[i - 1].name) continue;
    std::size_t slot = SlotOf(kFields[i].name);
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return slots;
}
constexpr std::array<std::uint8_t, kSlots> kNames = MakeSlots();

}  // namespace

const StaticField& StaticFieldAt(std::uint32_t index) { return kFields[index - 1]; }

std::uint32_t StaticName(std::string_view name) {
  if (name.empty()) return 0;
  for (std::size_t slot = SlotOf(name); kNames[slot] != 0; slot = (slot + 1) % kSlots) {
    if (kFields[kNames[slot] - 1U].name == name) return kNames[slot];
  }
  return 0;
}

std::uint32_t StaticValue(std::uint32_t first, std::string_view value) {
  const std::string_view name = kFields[first - 1].name;
  for (std::uint32_t i = first; i <= kStaticFields && kFields[i - 1].name == name; ++i) {
    const std::string_view held = kFields[i - 1].value;
    if (!held.empty() && held == value) return i;
  }
  return 0;
}

}  // namespace switchyard::agent::codec
