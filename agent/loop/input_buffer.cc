#include "agent/loop/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace switchyard::agent::loop {
namespace {
constexpr std::size_t kFirstBytes = 8192;
}  // namespace

char* InputBuffer::Prepare(std::size_t size) {
  if (capacity_ - end_ >= size) return data_ + end_;
  const std::size_t held = end_ - begin_;
  if (capacity_ >= held + size) {
    std::memmove(data_, data_ + begin_, held);
  } else {
    const std::size_t wanted = std::max({kFirstBytes, capacity_ * 2, held + size});
    char* larger = static_cast<char*>(blocks_.Take(wanted));
    if (held > 0) std::memcpy(larger, data_ + begin_, held);
    BlockPool::Give(std::exchange(data_, larger));
    capacity_ = wanted;
  }
  begin_ = 0;
  end_ = held;
  return data_ + end_;
}

void InputBuffer::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(Prepare(bytes.size()), bytes.data(), bytes.size());
  Commit(bytes.size());
}

void InputBuffer::Consume(std::size_t size) {
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

void InputBuffer::Release() {
  if (!empty()) return;
  BlockPool::Give(std::exchange(data_, nullptr));
  capacity_ = begin_ = end_ = 0;
}

}  // namespace switchyard::agent::loop
