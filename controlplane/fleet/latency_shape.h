// LatencyShape: how long a backend's answers take lately, four buckets per power of two, from the histograms of all agents.
//
// Coarse on purpose: what it decides is a factor of four (slowness.h), and 20,000 backends have one each. Older answers fade with a time constant of ten
// seconds, one Fade per second.
// Pure. Thread-safety: one owner. Cost: Add O(1), Quantile and Fade O(kBuckets). Bounds: 1 us to 2^40 us; what is beyond counts at the end.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "switchyard/v1/report.pb.h"

namespace switchyard::controlplane::fleet {

class LatencyShape {
 public:
  static constexpr int kPerOctave = 4;
  static constexpr int kBuckets = 40 * kPerOctave;
  static constexpr int kUnknown = -1;

  void Add(int bucket, double count);
  // One second is over.
  void Fade();
  double answers() const { return answers_; }
  // The bucket that holds the quantile; kUnknown with fewer than `least` answers.
  int Quantile(double q, double least) const;

  static int BucketOf(double microseconds);
  // Its upper end, microseconds.
  static double EndOf(int bucket);

 private:
  std::array<float, kBuckets> counts_{};
  double answers_ = 0;
};

// Calls `take(bucket, count)` for what is in a wire histogram. False, and nothing is called: it is malformed.
bool ForEachBucket(const v1::Histogram& histogram, const std::function<void(int, double)>& take);

}  // namespace switchyard::controlplane::fleet
