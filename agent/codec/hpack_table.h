// HpackTable: the dynamic table of one direction: the fields that were indexed lately, newest first.
//
// The text of all entries is one block that slides: new text goes behind the old, and is moved to the front when the end is reached. Blocks come
// from spare memory, grow with what is in them, and there are none while nothing is.
//
// Thread-safety: one thread. Cost: an addition copies its text and now and then moves the rest. Bounds: the limit counts as RFC 7541 section 4.1
// says (32 more per entry); memory is at most twice that and 16 bytes per entry. Source: RFC 7541 sections 2.3.2, 4.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/codec/h2_note.h"

namespace switchyard::agent::codec {

// What a table has until its sides agree on something else (RFC 9113 section 6.5.2).
inline constexpr std::uint32_t kHpackTableBytes = 4'096;

class HpackTable {
 public:
  static constexpr std::uint32_t kEntryCost = 32;

  explicit HpackTable(std::uint32_t limit) : limit_(limit) {}
  ~HpackTable();
  HpackTable(const HpackTable&) = delete;
  HpackTable& operator=(const HpackTable&) = delete;

  std::uint32_t limit() const { return limit_; }
  // Drops what no longer fits.
  void SetLimit(std::uint32_t limit);
  // The oldest make room; a field that is larger than the table empties it. The texts must not be of this table.
  void Add(std::string_view name, std::string_view value, FieldNote note);

  std::uint32_t count() const { return count_; }
  // How many were ever added, so that an entry can be named while others come and go.
  std::uint32_t added() const { return added_; }
  struct Field {
    std::string_view name;
    std::string_view value;
    FieldNote note;
  };
  // `place` 0 is the newest, and below `count()`. Views end with the next change.
  Field At(std::uint32_t place) const {
    const Entry& entry = entries_[(first_ + count_ - 1 - place) & (room_ - 1)];
    const char* const text = text_ + (entry.at - base_);
    return {{text, entry.name_size}, {text + entry.name_size, entry.value_size}, entry.note};
  }

 private:
  struct Entry {
    std::uint32_t at = 0;  // of the name, the value is behind it; counted from the first byte ever
    std::uint32_t name_size = 0;
    std::uint32_t value_size = 0;
    FieldNote note;
  };

  void Evict();
  void MakeRoom(std::uint32_t size);
  void GrowEntries();

  Entry* entries_ = nullptr;  // a ring of `room_`, a power of two
  char* text_ = nullptr;
  std::uint32_t room_ = 0;
  std::uint32_t first_ = 0;  // the oldest
  std::uint32_t count_ = 0;
  std::uint32_t text_room_ = 0;
  std::uint32_t text_begin_ = 0;
  std::uint32_t text_end_ = 0;
  std::uint32_t base_ = 0;  // what `text_` begins with, counted from the first byte ever
  std::uint32_t size_ = 0;
  std::uint32_t limit_;
  std::uint32_t added_ = 0;
};

}  // namespace switchyard::agent::codec
