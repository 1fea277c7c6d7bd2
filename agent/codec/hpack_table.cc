#include "agent/codec/hpack_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "agent/codec/spare_memory.h"

namespace switchyard::agent::codec {
namespace {

constexpr std::uint32_t kFirstText = 256;
constexpr std::uint32_t kFirstEntries = 8;

void* Block(std::size_t size) {
  void* block = SpareMemory::Take(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

HpackTable::~HpackTable() {
  SpareMemory::Give(text_);
  SpareMemory::Give(entries_);
}

void HpackTable::Evict() {
  const Entry& oldest = entries_[first_ & (room_ - 1)];
  const std::uint32_t text = oldest.name_size + oldest.value_size;
  size_ -= text + kEntryCost;
  text_begin_ += text;
  ++first_;
  --count_;
}

void HpackTable::SetLimit(std::uint32_t limit) {
  limit_ = limit;
  while (size_ > limit_) Evict();
  if (count_ > 0) return;
  SpareMemory::Give(std::exchange(text_, nullptr));
  SpareMemory::Give(std::exchange(entries_, nullptr));
  room_ = first_ = text_room_ = text_begin_ = text_end_ = 0;
}

// Moves the text to the front, into a larger block if it would be more than half full.
void HpackTable::MakeRoom(std::uint32_t size) {
  const std::uint32_t live = text_end_ - text_begin_;
  if (text_room_ < 2 * (live + size)) {
    const std::uint32_t room = std::max(kFirstText, std::bit_ceil(live + size));
    const std::uint32_t enough = room < 2 * (live + size) && room < limit_ ? 2 * room : room;
    if (enough > text_room_) {
      char* text = static_cast<char*>(Block(enough));
      if (live > 0) std::memcpy(text, text_ + text_begin_, live);
      SpareMemory::Give(text_);
      text_ = text;
      text_room_ = enough;
      base_ += text_begin_;
      text_begin_ = 0;
      text_end_ = live;
      return;
    }
  }
  std::memmove(text_, text_ + text_begin_, live);
  base_ += text_begin_;
  text_begin_ = 0;
  text_end_ = live;
}

void HpackTable::GrowEntries() {
  static_assert(std::is_trivially_copyable_v<Entry>);
  const std::uint32_t room = std::max(kFirstEntries, room_ * 2);
  auto* entries = static_cast<Entry*>(Block(room * sizeof(Entry)));
  for (std::uint32_t i = 0; i < count_; ++i) entries[i] = entries_[(first_ + i) & (room_ - 1)];
  SpareMemory::Give(entries_);
  entries_ = entries;
  room_ = room;
  first_ = 0;
}

void HpackTable::Add(std::string_view name, std::string_view value, FieldNote note) {
  const std::uint64_t cost = std::uint64_t{name.size()} + value.size() + kEntryCost;
  while (count_ > 0 && size_ + cost > limit_) Evict();
  if (cost > limit_) return;
  const auto text = static_cast<std::uint32_t>(cost - kEntryCost);
  if (text_room_ - text_end_ < text) MakeRoom(text);
  if (count_ == room_) GrowEntries();
  Entry& entry = entries_[(first_ + count_) & (room_ - 1)];
  entry = {base_ + text_end_, static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size()), note};
  if (!name.empty()) std::memcpy(text_ + text_end_, name.data(), name.size());
  if (!value.empty()) std::memcpy(text_ + text_end_ + name.size(), value.data(), value.size());
  text_end_ += text;
  size_ += static_cast<std::uint32_t>(cost);
  ++count_;
  ++added_;
}

}  // namespace switchyard::agent::codec
