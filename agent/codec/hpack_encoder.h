// HpackEncoder: header sections out, small where that is cheap.
//
// A field is put into the table when it is seen the second time: what comes once only (ids, lengths, paths of their own) would push out what
// comes again and again, and the heads of one client are much alike. What was seen lately is remembered by hash, beside where it stands in the
// table, so one look finds both. Secrets are never indexed, so that nobody who shares a connection can guess at them (RFC 7541 section 7.1.3),
// nor is what came so marked.
//
// Thread-safety: one thread. Cost: a hash and a comparison per field. Bounds: a table of kHpackTableBytes or what the peer allows, if less. Memory:
// half a KiB from the first field on, and what is in the table. Source: RFC 7541 sections 4.2, 6, 7.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/codec/hpack_integer.h"
#include "agent/codec/hpack_table.h"

namespace switchyard::agent::codec {

class HpackEncoder {
 public:
  HpackEncoder() : table_(kHpackTableBytes) {}
  ~HpackEncoder();
  HpackEncoder(const HpackEncoder&) = delete;
  HpackEncoder& operator=(const HpackEncoder&) = delete;

  // SETTINGS_HEADER_TABLE_SIZE of the peer; the next section says what becomes of it.
  void SetPeerLimit(std::uint32_t bytes);

  // Bytes that Begin and a field may take at most.
  static constexpr std::size_t kBeginRoom = std::size_t{2} * kHpackIntegerBytes;
  static constexpr std::size_t RoomFor(std::size_t name_size, std::size_t value_size) { return std::size_t{3} * kHpackIntegerBytes + name_size + value_size; }

  // Each appends at `out` and returns the end. Begin comes first in every section.
  char* Begin(char* out);
  char* AddStatus(std::uint16_t status, char* out);
  // Capitals of the name become small letters.
  char* Add(std::string_view name, std::string_view value, bool never_indexed, char* out);

 private:
  // What was seen: its hash, and which addition to the table it was, 0 when it is not there; or kStaticMark and an index of the static table.
  struct Seen {
    std::uint32_t hash = 0;
    std::uint32_t added = 0;
  };
  static constexpr std::uint32_t kStaticMark = 0xffffff00;
  static constexpr std::uint32_t kSeen = 64;
  static constexpr std::uint32_t kWays = 4;  // that one hash may be found in

  char* AddLower(std::string_view name, std::string_view value, bool never_indexed, char* out);
  char* Literal(std::uint8_t pattern, unsigned prefix, std::uint32_t index, std::string_view name, std::string_view value, char* out) const;
  std::uint32_t IndexOf(const Seen& seen, std::string_view name, std::string_view value) const;
  std::uint32_t PlaceOf(const Seen& seen) const { return table_.added() - seen.added; }
  Seen* SetOf(std::uint32_t hash) const;
  Seen* Find(std::uint32_t hash) const;
  void Remember(Seen newcomer);

  HpackTable table_;
  Seen* seen_ = nullptr;
  std::uint8_t newcomers_ = 0;
  std::uint32_t announced_ = kHpackTableBytes;  // the size that the peer knows of
  std::uint32_t least_ = kHpackTableBytes;      // that it was in between
};

}  // namespace switchyard::agent::codec
