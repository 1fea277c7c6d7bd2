// Exponential histogram: a mergeable sketch of latencies, as in OpenTelemetry.
//
// Values are whole microseconds. Bucket i holds (base^i, base^(i+1)] with base = 2^(2^-scale); scale 4 gives 16 buckets per power of two and
// a quantile error of at most 2.2 %. Zeros are counted apart; 1 us is counted in bucket 0, which keeps the bound. Values above 2^40 us (12 days)
// are counted in the last bucket. Counts and the sum stop at 2^64-1.
// Source: OpenTelemetry metrics data model, "ExponentialHistogram".
//
// Thread-safety: one writer; copy to share. Cost: `Record` is a table look-up, no allocation and no logarithm after the first value;
// the storage (640 counters of 8 bytes) is made at the first value that is not zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace switchyard::stats {

class ExponentialHistogram {
 public:
  static constexpr int kScale = 4;
  static constexpr int kBuckets = 640;
  // Scales that a wire histogram may have; the bounds are those of OpenTelemetry's implementations.
  static constexpr int kMinWireScale = -10;
  static constexpr int kMaxWireScale = 20;

  void Record(std::uint64_t value_us) { RecordN(value_us, 1); }
  void RecordN(std::uint64_t value_us, std::uint64_t count);
  void Merge(const ExponentialHistogram& other);
  // Adds a wire histogram. A finer scale is folded exactly; a bucket of a coarser one goes to the middle of the buckets that it spans.
  // Buckets below the first or above the last are counted there. Returns false (and adds nothing) when it is malformed: more than
  // kBuckets counts, or a scale outside kMinWireScale-kMaxWireScale.
  bool MergeWire(int scale, int offset, const std::uint64_t* counts, std::size_t size, std::uint64_t zero_count, std::uint64_t sum);
  // Empties without giving memory back.
  void Clear();

  // Zeros included.
  std::uint64_t count() const { return count_; }
  std::uint64_t sum() const { return sum_; }
  std::uint64_t zero_count() const { return zero_count_; }
  // q in [0, 1]; the geometric middle of the bucket that holds the quantile; 0 when empty.
  double Quantile(double q) const;
  // Index of the first and one past the last non-empty bucket; equal when only zeros.
  int first() const { return first_ < last_ ? first_ : 0; }
  int last() const { return first_ < last_ ? last_ : 0; }
  // 0 outside 0..kBuckets-1.
  std::uint64_t at(int bucket) const;

  // The bucket of a value >= 1.
  static int BucketOf(std::uint64_t value_us);

 private:
  void AddToBucket(int bucket, std::uint64_t count);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t zero_count_ = 0;
  // The span of what is not empty, so that copying out and clearing need not look at every bucket.
  int first_ = kBuckets;
  int last_ = 0;
};

}  // namespace switchyard::stats
