// Fading: a sum in which what came long ago counts less and less, so that a share or a rate of "lately" needs two numbers instead of a window.
//
// Thread-safety: one owner. Cost: one exp per reading at another time. Units: seconds. A clock that goes backwards counts as no time.
#pragma once

#include <cmath>

#include "common/base/clock.h"

namespace switchyard::controlplane::fleet {

inline double SecondsBetween(TimePoint from, TimePoint to) { return to <= from ? 0 : std::chrono::duration<double>(to - from).count(); }

// Attempts of one kind at one backend, and those of them that failed.
template <int kTauMilliseconds>
class FadingCounts {
 public:
  static constexpr double kTau = kTauMilliseconds / 1000.0;

  void Add(double attempts, double failed, TimePoint now) {
    FadeTo(now);
    attempts_ += attempts;
    failed_ += failed;
  }
  double attempts(TimePoint now) const { return attempts_ * Left(now); }
  double failed(TimePoint now) const { return failed_ * Left(now); }
  // 0 when there is next to nothing to go by.
  double error() const { return attempts_ > 1e-3 ? failed_ / attempts_ : 0; }
  // Per second.
  double rate(TimePoint now) const { return attempts(now) / kTau; }

 private:
  double Left(TimePoint now) const { return std::exp(-SecondsBetween(at_, now) / kTau); }
  void FadeTo(TimePoint now) {
    const double left = Left(now);
    attempts_ *= left;
    failed_ *= left;
    if (now > at_) at_ = now;
  }

  double attempts_ = 0;
  double failed_ = 0;
  TimePoint at_{};
};

// The time constants in use: what an agent's word, a peer's baseline and a rate rest on, and what is quicker to see that everybody fails.
using Lately = FadingCounts<2000>;
using JustNow = FadingCounts<500>;

}  // namespace switchyard::controlplane::fleet
