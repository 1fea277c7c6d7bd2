#include "agent/codec/spare_memory.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace switchyard::agent::codec {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

// The C library's blocks are multiples of 16 with 8 bytes for itself; a list for each. (With another one some are used less well, not wrongly.)
constexpr std::size_t kStep = 16;
constexpr std::size_t kOverhead = 8;
constexpr std::size_t kLeast = 2;
// A longer list of headers is not kept.
constexpr std::size_t kMostHeaders = 128;
constexpr std::size_t kLists = SpareMemory::kLargest / kStep + 1;

struct Block {
  Block* next = nullptr;
};

struct List {
  Block* first = nullptr;
  std::uint32_t count = 0;
};

// Trivial, so that reaching it costs no check whether it has been made; `Sweeper` empties it.
struct Lists {
  std::array<List, kLists> by_size;
  bool swept;
};
thread_local constinit Lists lists{};

struct Sweeper {
  ~Sweeper() {
    lists.swept = true;
    for (List& list : lists.by_size) {
      while (list.first != nullptr) std::free(std::exchange(list.first, list.first->next));
    }
  }
  std::vector<std::vector<Header>> headers;
  bool needed = false;
};
thread_local Sweeper sweeper;

}  // namespace

// List i serves sizes up to i steps less the overhead, and holds blocks of at least that.
void* SpareMemory::Take(std::size_t size) {
  const std::size_t at = std::max(kLeast, (size + kOverhead + kStep - 1) / kStep);
  if (at < kLists && lists.by_size[at].first != nullptr) {
    List& list = lists.by_size[at];
    --list.count;
    return std::exchange(list.first, list.first->next);
  }
  return std::malloc(size);
}

void SpareMemory::Give(void* block) {
  if (block == nullptr) return;
  const std::size_t at = (malloc_usable_size(block) + kOverhead) / kStep;
  if (!kKeeps || at < kLeast || at >= kLists || lists.swept || lists.by_size[at].count >= kMost) {
    return std::free(block);
  }
  List& list = lists.by_size[at];
  // The first one makes sure that the last ones are given back.
  if (list.first == nullptr) sweeper.needed = true;
  list.first = new (block) Block{list.first};
  ++list.count;
}

std::vector<Header> SpareMemory::TakeHeaders() {
  if (sweeper.headers.empty()) return {};
  std::vector<Header> headers = std::move(sweeper.headers.back());
  sweeper.headers.pop_back();
  return headers;
}

void SpareMemory::GiveHeaders(std::vector<Header> headers) {
  if (!kKeeps || headers.capacity() == 0 || headers.capacity() > kMostHeaders || sweeper.headers.size() >= kMost) return;
  headers.clear();
  sweeper.headers.push_back(std::move(headers));
}

void SpareText::Grow(std::size_t more) {
  const std::size_t room = std::max<std::size_t>(size_ + more, std::size_t{2} * room_);
  char* const data = static_cast<char*>(SpareMemory::Take(room));
  if (data == nullptr || room > ~std::uint32_t{0}) throw std::bad_alloc();
  if (size_ > 0) std::memcpy(data, data_, size_);
  SpareMemory::Give(data_);
  data_ = data;
  room_ = static_cast<std::uint32_t>(room);
}

}  // namespace switchyard::agent::codec
