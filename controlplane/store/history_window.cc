#include "controlplane/store/history_window.h"

namespace switchyard::controlplane::store {

std::uint64_t HistoryWindow::OldestKeptWith(std::uint64_t generation, std::uint64_t bytes) const {
  if (empty()) return generation;
  std::uint64_t total = bytes_ + bytes;
  std::size_t gone = 0;
  while (gone < sizes_.size() && (total > limits_.bytes || sizes_.size() - gone + 1 > limits_.generations)) total -= sizes_[gone++];
  return gone == sizes_.size() ? generation : oldest_ + gone;
}

void HistoryWindow::Add(std::uint64_t generation, std::uint64_t bytes) {
  const std::uint64_t kept = OldestKeptWith(generation, bytes);
  while (!sizes_.empty() && oldest_ < kept) {
    bytes_ -= sizes_.front();
    sizes_.pop_front();
    ++oldest_;
  }
  if (sizes_.empty()) oldest_ = generation;
  sizes_.push_back(bytes);
  bytes_ += bytes;
}

}  // namespace switchyard::controlplane::store
