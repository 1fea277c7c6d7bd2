// LineRing: lines on their way from one thread to one other, through memory of fixed size.
//
// A line is there wholly or not at all. Neither side ever waits for the other: a line that finds no room is dropped and counted.
// Thread-safety: Put from one thread (the worker), Peek and Take from one other (the press); the counters and `used` from any.
// Cost: one copy and two atomic operations a line; no allocation after the constructor. Bounds: `capacity` bytes, a power of two.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace switchyard::agent::access_log {

class LineRing {
 public:
  // REQUIRES: capacity is a power of two.
  explicit LineRing(std::size_t capacity);

  // False: dropped, because there is no room.
  bool Put(std::string_view line);
  std::size_t used() const { return head_.load(std::memory_order_seq_cst) - tail_.load(std::memory_order_seq_cst); }
  std::size_t capacity() const { return capacity_; }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // All that is there: whole lines, the second part where the memory begins again. Stays until it is taken.
  struct Parts {
    std::string_view first;
    std::string_view second;
  };
  Parts Peek() const;
  // REQUIRES: bytes <= what Peek gave.
  void Take(std::size_t bytes);

 private:
  static constexpr std::size_t kCacheLine = 64;

  const std::size_t capacity_;
  const std::unique_ptr<char[]> bytes_;
  // Bytes ever put and ever taken. Each has a writer of its own, and a cache line.
  alignas(kCacheLine) std::atomic<std::size_t> head_{0};
  std::atomic<std::uint64_t> dropped_{0};
  alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
};

}  // namespace switchyard::agent::access_log
