// SpareMemory: small blocks that a thread uses over and over: streams of HTTP/2 and what belongs to them.
//
// An HTTP/2 connection opens its streams in bursts, more at a time than the C library's own cache of a thread takes back; each block would
// go through its arena. Blocks given back are kept in lists by size, as many as a busy worker needs, and are the heap's otherwise: any may be
// given back on any thread, or by std::free. Nothing stands before a block, so an idle connection pays nothing.
//
// Thread-safety: each thread has lists of its own. Cost: a list operation. Bounds: of each size up to kLargest kMost blocks are kept (8 MiB
// if every size were in use; HTTP/2 uses a dozen, 1 MiB); they stay for the life of the thread. Errors: null when the heap has no more. Under
// sanitizers nothing is kept, so that they see every use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/codec/head.h"

namespace switchyard::agent::codec {

class SpareMemory {
 public:
  static constexpr std::size_t kLargest = 1024;
  static constexpr std::size_t kMost = 256;  // what some connections with all their streams need

  static void* Take(std::size_t size);
  static void Give(void* block);

  // Lists of headers, with their capacity.
  static std::vector<Header> TakeHeaders();
  static void GiveHeaders(std::vector<Header> headers);
};

// For containers that come and go with requests.
template <class T>
struct SpareAllocator {
  using value_type = T;
  SpareAllocator() = default;
  template <class Other>
  SpareAllocator(const SpareAllocator<Other>&) {}  // NOLINT: allocators convert
  T* allocate(std::size_t count) {
    void* block = SpareMemory::Take(count * sizeof(T));
    if (block == nullptr) throw std::bad_alloc();
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t) { SpareMemory::Give(block); }
  friend bool operator==(const SpareAllocator&, const SpareAllocator&) { return true; }
};

using SpareString = std::basic_string<char, std::char_traits<char>, SpareAllocator<char>>;

// Text that only grows, in one piece, until it is cleared.
class SpareText {
 public:
  SpareText() = default;
  ~SpareText() { SpareMemory::Give(data_); }
  SpareText(SpareText&& other) noexcept { swap(other); }
  SpareText& operator=(SpareText&& other) noexcept {
    swap(other);
    return *this;
  }
  void swap(SpareText& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
  }

  std::uint32_t size() const { return size_; }
  void clear() { size_ = 0; }
  std::string_view substr(std::uint32_t at, std::uint32_t size) const { return {data_ + at, size}; }
  void append(std::string_view text) {
    if (text.size() > room_ - size_) Grow(text.size());
    if (!text.empty()) std::memcpy(data_ + size_, text.data(), text.size());
    size_ += static_cast<std::uint32_t>(text.size());
  }
  void reserve(std::uint32_t room) {
    if (room > room_) Grow(room - size_);
  }

 private:
  void Grow(std::size_t more);

  char* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
};

// A base for objects that come and go with requests.
class FromSpareMemory {
 public:
  static void* operator new(std::size_t size) {
    void* block = SpareMemory::Take(size);
    if (block == nullptr) throw std::bad_alloc();
    return block;
  }
  static void operator delete(void* block) { SpareMemory::Give(block); }

 protected:
  ~FromSpareMemory() = default;
};

}  // namespace switchyard::agent::codec
