// SparseHistogram: the non-empty buckets of one exponential histogram, for keeping many of them.
//
// A latency sketch of one second touches some 20-60 of 640 buckets; kept dense, 60 seconds of 20,000 backends would need 6 GB.
// Buckets are those of stats::ExponentialHistogram at its scale. Counts saturate at 2^32-1.
// Thread-safety: one owner. Cost: Add is O(buckets of both); memory 8 bytes per non-empty bucket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/stats/exponential_histogram.h"

namespace switchyard::controlplane::feedback {

class SparseHistogram {
 public:
  // Adds every count of `dense`.
  void Add(const stats::ExponentialHistogram& dense);
  // Adds what is here to `dense`.
  void AddTo(stats::ExponentialHistogram& dense) const;
  // Empties and gives the memory back.
  void Clear();
  // Non-empty buckets; what the bound of the aggregator counts.
  std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::int32_t index;
    std::uint32_t count;
  };
  // By index, ascending.
  std::vector<Bucket> buckets_;
  std::uint64_t zero_count_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace switchyard::controlplane::feedback
