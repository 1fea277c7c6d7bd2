// BlockPool: memory that one worker uses over and over: exchanges, read buffers, output text. So a request in steady state allocates nothing, and a
// connection that waits holds nothing.
//
// Thread-safety: its worker. Cost: a list operation. Bounds: sizes up to kLargest are kept, at most kSpare of each size class, of the small
// ones as many as kSpareBytes hold (and kSpare texts, none above kLargest); everything else goes to the heap and back. Errors: as `operator new`.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace switchyard::agent::loop {

class BlockPool {
 public:
  static constexpr std::size_t kSmallest = 1024;
  static constexpr std::size_t kClasses = 5;
  static constexpr std::size_t kLargest = kSmallest << (kClasses - 1);
  static constexpr std::size_t kSpare = 64;
  static constexpr std::size_t kSpareBytes = std::size_t{512} * 1024;

  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // At least `size` bytes, aligned for everything.
  void* Take(std::size_t size);
  // A block of any pool's, or of TakeFromHeap. The pool must still be there.
  static void Give(void* block);
  // For who has no pool at hand; to be given back in the same way.
  static void* TakeFromHeap(std::size_t size);

  // An empty text with room.
  std::string TakeText();
  void GiveText(std::string text);

 private:
  // Stands before each block.
  struct alignas(std::max_align_t) Header {
    BlockPool* pool = nullptr;
    std::size_t size_class = 0;
  };

  static std::size_t ClassOf(std::size_t size);

  std::array<std::vector<Header*>, kClasses> spare_;
  std::vector<std::string> texts_;
};

}  // namespace switchyard::agent::loop
