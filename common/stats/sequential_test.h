// SequentialTest: is the share of errors p0, or at least p1? Decides as soon as the evidence suffices, however many requests that takes.
//
// A running sum of log-likelihood ratios. As CUSUM (never below 0) it finds the onset of errors: at 30 % after about 22 requests, at 100 %
// after 6. As SPRT (free to fall) it finds their end. Source: A. Wald, "Sequential Tests of Statistical Hypotheses", 1945; E. S. Page,
// "Continuous Inspection Schemes", 1954.
// Thread-safety: one worker. Cost: two logs per result. Bounds: the sum stays within +-2 thresholds.
#pragma once

#include <algorithm>
#include <cmath>

namespace switchyard::stats {

// What is compared. `p0` follows the peers: what is usual for all is nobody's fault.
struct Hypotheses {
  double p0 = 0.02;
  double p1 = 0.10;
};

// For the onset: from the median error share of the peers.
inline Hypotheses OnsetOf(double typical_error) {
  const double p0 = std::clamp(2 * typical_error, 0.02, 0.30);
  return {p0, std::min(0.9, std::max(0.10, 2.5 * p0))};
}

class SequentialTest {
 public:
  static constexpr double kLikely = 4.6;   // ln 100
  static constexpr double kCertain = 9.2;  // ln 10 000

  double sum() const { return sum_; }
  void Reset() { sum_ = 0; }

  void AddCusum(bool error, const Hypotheses& h, int times = 1) {
    sum_ = std::clamp(sum_ + times * Step(error, h), 0.0, 2 * kCertain);
  }
  // It is worth so many failures, or more.
  bool Holds(double failures, const Hypotheses& h) const { return sum_ >= failures * Step(true, h); }
  void Set(double sum) { sum_ = std::clamp(sum, -2 * kCertain, 2 * kCertain); }
  void AddSprt(bool error, const Hypotheses& h) { sum_ = std::clamp(sum_ + Step(error, h), -2 * kCertain, 2 * kCertain); }

 private:
  static double Step(bool error, const Hypotheses& h) { return error ? std::log(h.p1 / h.p0) : std::log((1 - h.p1) / (1 - h.p0)); }

  double sum_ = 0;
};

}  // namespace switchyard::stats
