#include "agent/codec/h2_streams.h"

#include <algorithm>
#include <new>
#include <utility>

#include "agent/codec/spare_memory.h"

namespace switchyard::agent::codec {

H2Streams::~H2Streams() { SpareMemory::Give(slots_); }

void H2Streams::Rest() {
  if (size_ > 0 || room_ == 0) return;
  SpareMemory::Give(std::exchange(slots_, nullptr));
  room_ = 0;
}

void H2Streams::Place(StreamId id, H2Stream* stream) {
  std::size_t at = PlaceOf(id);
  while (slots_[at].id != 0) at = (at + 1) & (room_ - 1);
  slots_[at] = {stream, id};
}

void H2Streams::Grow() {
  Slot* const old = slots_;
  const std::size_t old_room = room_;
  const std::size_t room = std::max(kFirst, room_ * 2);
  void* block = SpareMemory::Take(room * sizeof(Slot));
  if (block == nullptr) throw std::bad_alloc();
  slots_ = new (block) Slot[room]{};
  room_ = room;
  for (std::size_t i = 0; i < old_room; ++i) {
    if (old[i].id != 0) Place(old[i].id, old[i].stream);
  }
  SpareMemory::Give(old);
}

void H2Streams::Add(StreamId id, H2Stream* stream) {
  if (2 * (size_ + 1) > room_) Grow();
  Place(id, stream);
  ++size_;
}

// Those behind it that could stand here move up, so that no look-up meets a gap before what it looks for.
void H2Streams::Remove(StreamId id) {
  if (room_ == 0) return;
  const std::size_t mask = room_ - 1;
  std::size_t hole = PlaceOf(id);
  while (slots_[hole].id != id) {
    if (slots_[hole].id == 0) return;
    hole = (hole + 1) & mask;
  }
  for (std::size_t at = (hole + 1) & mask; slots_[at].id != 0; at = (at + 1) & mask) {
    const std::size_t home = PlaceOf(slots_[at].id);
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  --size_;
}

}  // namespace switchyard::agent::codec
