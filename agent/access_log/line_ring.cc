#include "agent/access_log/line_ring.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace switchyard::agent::access_log {

LineRing::LineRing(std::size_t capacity) : capacity_(capacity), bytes_(new char[capacity]) { assert((capacity & (capacity - 1)) == 0); }

bool LineRing::Put(std::string_view line) {
  const std::size_t head = head_.load(std::memory_order_relaxed);
  if (line.size() > capacity_ - (head - tail_.load(std::memory_order_acquire))) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  const std::size_t at = head & (capacity_ - 1);
  const std::size_t until_end = std::min(line.size(), capacity_ - at);
  std::memcpy(bytes_.get() + at, line.data(), until_end);
  std::memcpy(bytes_.get(), line.data() + until_end, line.size() - until_end);
  // Sequentially consistent, so that a press which goes to sleep after it has seen no bytes is seen to sleep (see Press::Wake).
  head_.store(head + line.size(), std::memory_order_seq_cst);
  return true;
}

LineRing::Parts LineRing::Peek() const {
  const std::size_t tail = tail_.load(std::memory_order_relaxed);
  const std::size_t size = head_.load(std::memory_order_seq_cst) - tail;
  const std::size_t at = tail & (capacity_ - 1);
  const std::size_t until_end = std::min(size, capacity_ - at);
  return {{bytes_.get() + at, until_end}, {bytes_.get(), size - until_end}};
}

void LineRing::Take(std::size_t bytes) { tail_.store(tail_.load(std::memory_order_relaxed) + bytes, std::memory_order_release); }

}  // namespace switchyard::agent::access_log
