// Keys and fixed-size values in RocksDB: numbers big-endian, so that their order is RocksDB's order of bytes.
//
//   resources  kind (4 bytes), name          v1.Resource; a Secret's is sealed
//   history    's', generation (8 bytes)     bytes of the entry and its payload (8 bytes), read at start
//              'e', generation (8 bytes)     v1.HistoryEntry
//   payload    generation (8 bytes)          v1.WatchResponse, its `resources` only; sealed when there is a Secret among them
//   records    section, NUL, key             revision (8 bytes), value
//   meta       "format"                      decimal
//              "generation", "revision"      8 bytes
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::store {

inline constexpr char kGenerationKey[] = "generation";
inline constexpr char kRevisionKey[] = "revision";

inline std::string BigEndian(std::uint64_t value, int bytes = 8) {
  std::string out(static_cast<std::size_t>(bytes), '\0');
  for (int i = 0; i < bytes; ++i) out[static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
  return out;
}

// Nothing unless `text` has 8 bytes.
inline std::optional<std::uint64_t> ReadBigEndian(std::string_view text) {
  if (text.size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

inline std::string ResourceKeyBytes(v1::Kind kind, std::string_view name) {
  return BigEndian(static_cast<std::uint64_t>(kind), 4).append(name);
}
inline std::string SizeKey(std::uint64_t generation) { return 's' + BigEndian(generation); }
inline std::string EntryKey(std::uint64_t generation) { return 'e' + BigEndian(generation); }

}  // namespace switchyard::controlplane::store
