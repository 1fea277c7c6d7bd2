#include "controlplane/fleet/latency_shape.h"

#include <algorithm>
#include <cmath>

#include "common/stats/exponential_histogram.h"

namespace switchyard::controlplane::fleet {
namespace {

using stats::ExponentialHistogram;

constexpr double kTau = 10;  // seconds
// Of the wire's buckets, 2^scale per power of two.
constexpr int kScale = 2;
constexpr double kNextToNothing = 1e-3;

int Coarse(std::int64_t index, int scale) {
  // A coarser bucket counts at its lower end.
  const std::int64_t bucket = scale >= kScale ? index >> (scale - kScale) : index * (std::int64_t{1} << (kScale - scale));
  return static_cast<int>(std::clamp<std::int64_t>(bucket, 0, LatencyShape::kBuckets - 1));
}

}  // namespace

void LatencyShape::Add(int bucket, double count) {
  counts_[static_cast<std::size_t>(std::clamp(bucket, 0, kBuckets - 1))] += static_cast<float>(count);
  answers_ += count;
}

void LatencyShape::Fade() {
  static const auto kLeft = static_cast<float>(std::exp(-1 / kTau));
  answers_ = 0;
  for (float& count : counts_) {
    count = count < kNextToNothing ? 0 : count * kLeft;
    answers_ += count;
  }
}

int LatencyShape::Quantile(double q, double least) const {
  if (answers_ < least || answers_ <= 0) return kUnknown;
  double left = q * answers_;
  for (int i = 0; i < kBuckets; ++i) {
    left -= counts_[static_cast<std::size_t>(i)];
    if (left <= 0) return i;
  }
  return kBuckets - 1;
}

int LatencyShape::BucketOf(double microseconds) {
  if (!(microseconds > 1)) return 0;
  return std::min(kBuckets - 1, static_cast<int>(std::log2(microseconds) * kPerOctave));
}

double LatencyShape::EndOf(int bucket) { return std::exp2(static_cast<double>(bucket + 1) / kPerOctave); }

bool ForEachBucket(const v1::Histogram& histogram, const std::function<void(int, double)>& take) {
  const int scale = histogram.scale();
  if (scale < ExponentialHistogram::kMinWireScale || scale > ExponentialHistogram::kMaxWireScale) return false;
  if (histogram.counts_size() > ExponentialHistogram::kBuckets) return false;
  if (histogram.zero_count() > 0) take(0, static_cast<double>(histogram.zero_count()));
  for (int i = 0; i < histogram.counts_size(); ++i) {
    if (histogram.counts(i) == 0) continue;
    take(Coarse(std::int64_t{histogram.offset()} + i, scale), static_cast<double>(histogram.counts(i)));
  }
  return true;
}

}  // namespace switchyard::controlplane::fleet
