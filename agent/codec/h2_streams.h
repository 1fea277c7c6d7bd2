// H2Streams: the open streams of a connection by number.
//
// A table with open addressing, at most half full. Nothing is held while it is empty and Rest was called.
//
// Thread-safety: one thread. Cost: a look-up is one cache line as a rule. Bounds: what its owner lets be open.
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/codec/h2_types.h"

namespace switchyard::agent::codec {

class H2Stream;

class H2Streams {
 public:
  H2Streams() = default;
  ~H2Streams();
  H2Streams(const H2Streams&) = delete;
  H2Streams& operator=(const H2Streams&) = delete;

  H2Stream* Find(StreamId id) const {
    if (room_ == 0) return nullptr;
    std::size_t at = PlaceOf(id);
    while (slots_[at].id != 0 && slots_[at].id != id) at = (at + 1) & (room_ - 1);
    return slots_[at].id == id ? slots_[at].stream : nullptr;
  }
  // It is not in there yet.
  void Add(StreamId id, H2Stream* stream);
  void Remove(StreamId id);
  std::size_t size() const { return size_; }
  // `each(stream)` must not add or remove.
  template <typename Each>
  void ForEach(Each each) const {
    for (std::size_t i = 0; i < room_; ++i) {
      if (slots_[i].id != 0) each(*slots_[i].stream);
    }
  }
  // Gives the memory back if it is empty.
  void Rest();

 private:
  struct Slot {
    H2Stream* stream = nullptr;
    StreamId id = 0;  // 0: free
  };
  static constexpr std::size_t kFirst = 8;

  // Scattered: numbers that follow each other would make one long run, which every removal would have to walk.
  std::size_t PlaceOf(StreamId id) const { return static_cast<std::size_t>(static_cast<std::uint32_t>(id) * 0x9e3779b1U >> 8U) & (room_ - 1); }
  void Grow();
  void Place(StreamId id, H2Stream* stream);

  Slot* slots_ = nullptr;
  std::size_t room_ = 0;  // 0 or a power of two
  std::size_t size_ = 0;
};

}  // namespace switchyard::agent::codec
