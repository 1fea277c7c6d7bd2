#include "agent/loop/block_pool.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace switchyard::agent::loop {

BlockPool::~BlockPool() {
  for (const auto& blocks : spare_) {
    for (Header* header : blocks) ::operator delete(header);
  }
}

std::size_t BlockPool::ClassOf(std::size_t size) {
  return size <= kSmallest ? 0 : static_cast<std::size_t>(std::bit_width((size - 1) / kSmallest));
}

void* BlockPool::TakeFromHeap(std::size_t size) { return new (::operator new(sizeof(Header) + size)) Header() + 1; }

void* BlockPool::Take(std::size_t size) {
  const std::size_t size_class = ClassOf(size);
  if (size_class >= kClasses) return TakeFromHeap(size);
  std::vector<Header*>& spare = spare_[size_class];
  if (spare.empty()) {
    auto* header = new (::operator new(sizeof(Header) + (kSmallest << size_class))) Header{this, size_class};
    return header + 1;
  }
  Header* header = spare.back();
  spare.pop_back();
  return header + 1;
}

void BlockPool::Give(void* block) {
  if (block == nullptr) return;
  Header* header = static_cast<Header*>(block) - 1;
  if (header->pool != nullptr) {
    std::vector<Header*>& spare = header->pool->spare_[header->size_class];
    if (spare.size() < std::max(kSpare, kSpareBytes / (kSmallest << header->size_class))) {
      spare.push_back(header);
      return;
    }
  }
  ::operator delete(header);
}

std::string BlockPool::TakeText() {
  if (texts_.empty()) {
    std::string text;
    text.reserve(kSmallest * 4);
    return text;
  }
  std::string text = std::move(texts_.back());
  texts_.pop_back();
  return text;
}

void BlockPool::GiveText(std::string text) {
  if (texts_.size() >= kSpare || text.capacity() < kSmallest || text.capacity() > kLargest) return;
  text.clear();
  texts_.push_back(std::move(text));
}

}  // namespace switchyard::agent::loop
