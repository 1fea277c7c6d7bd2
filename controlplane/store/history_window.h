// HistoryWindow: which generations the bounded history still holds, and which must go when one more comes.
//
// Pure bookkeeping: the window knows generations and their sizes, not their content. Oldest go first; the newest one always stays, even
// if it alone is above the byte limit (an operator can then see what the last change was, and one change is at most 64 MiB).
//
// Thread-safety: one owner. Cost: amortised O(1) per change; 8 bytes per generation held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace switchyard::controlplane::store {

struct HistoryLimits {
  // REQUIRES: >= 1.
  std::size_t generations = 10000;
  // Serialized entries and resources together.
  std::uint64_t bytes = 256ull << 20;
};

class HistoryWindow {
 public:
  explicit HistoryWindow(HistoryLimits limits) : limits_(limits) {}

  // The oldest generation that may stay once `generation` of `bytes` bytes is there. Changes nothing.
  std::uint64_t OldestKeptWith(std::uint64_t generation, std::uint64_t bytes) const;
  // Adds it and drops what OldestKeptWith told. REQUIRES: generation is one above the newest, or the window is empty.
  void Add(std::uint64_t generation, std::uint64_t bytes);

  // Takes effect at the next Add.
  void SetLimits(HistoryLimits limits) { limits_ = limits; }

  bool empty() const { return sizes_.empty(); }
  // 0 when empty.
  std::uint64_t oldest() const { return empty() ? 0 : oldest_; }
  std::uint64_t newest() const { return empty() ? 0 : oldest_ + sizes_.size() - 1; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  HistoryLimits limits_;
  std::uint64_t oldest_ = 0;
  std::uint64_t bytes_ = 0;
  // Of oldest_, oldest_ + 1, ...
  std::deque<std::uint64_t> sizes_;
};

}  // namespace switchyard::controlplane::store
