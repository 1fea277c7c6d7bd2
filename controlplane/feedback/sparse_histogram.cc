#include "controlplane/feedback/sparse_histogram.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace switchyard::controlplane::feedback {
namespace {

std::uint32_t SaturatingSum(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(kMax, a + std::min(b, kMax)));
}

}  // namespace

void SparseHistogram::Add(const stats::ExponentialHistogram& dense) {
  std::vector<Bucket> merged;
  merged.reserve(buckets_.size() + 16);
  auto old = buckets_.begin();
  for (int i = dense.first(); i < dense.last(); ++i) {
    const std::uint64_t count = dense.at(i);
    if (count == 0) continue;
    while (old != buckets_.end() && old->index < i) merged.push_back(*old++);
    const bool same = old != buckets_.end() && old->index == i;
    merged.push_back({i, SaturatingSum(same ? old->count : 0, count)});
    if (same) ++old;
  }
  merged.insert(merged.end(), old, buckets_.end());
  merged.shrink_to_fit();
  buckets_ = std::move(merged);
  zero_count_ += dense.zero_count();
  sum_ += dense.sum();
}

void SparseHistogram::AddTo(stats::ExponentialHistogram& dense) const {
  if (buckets_.empty()) {
    dense.MergeWire(stats::ExponentialHistogram::kScale, 0, nullptr, 0, zero_count_, sum_);
    return;
  }
  const int first = buckets_.front().index;
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(buckets_.back().index - first) + 1);
  for (const Bucket& bucket : buckets_) counts[static_cast<std::size_t>(bucket.index - first)] = bucket.count;
  dense.MergeWire(stats::ExponentialHistogram::kScale, first, counts.data(), counts.size(), zero_count_, sum_);
}

void SparseHistogram::Clear() {
  std::vector<Bucket>().swap(buckets_);
  zero_count_ = 0;
  sum_ = 0;
}

}  // namespace switchyard::controlplane::feedback
