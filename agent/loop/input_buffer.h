// InputBuffer: bytes that arrived and were not used yet, contiguous. Holds no memory while empty and released; its memory is the worker's pool's.
//
// Thread-safety: one worker. Cost: amortised; Consume moves no bytes. Bounds: the owner's; the buffer grows as asked.
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/loop/block_pool.h"

namespace switchyard::agent::loop {

class InputBuffer {
 public:
  explicit InputBuffer(BlockPool& blocks) : blocks_(blocks) {}
  ~InputBuffer() { BlockPool::Give(data_); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  // Room for at least `size` more bytes behind the present ones; may move them, so views into the buffer end here.
  char* Prepare(std::size_t size);
  std::size_t room() const { return capacity_ - end_; }
  // `size` bytes were written to what Prepare returned.
  void Commit(std::size_t size) { end_ += size; }
  void Append(std::string_view bytes);
  std::string_view view() const { return {data_ + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  // Forgets the first bytes; those behind stay where they are.
  void Consume(std::size_t size);
  // Gives the memory back if nothing is held.
  void Release();

 private:
  BlockPool& blocks_;
  char* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace switchyard::agent::loop
