// LocalEvidence: what one worker has itself seen of one backend: latency that jumps up at once and comes down slowly, and the share of
// errors.
//
// Latency is Peak-EWMA: a sample above the average replaces it, one below pulls it down with a time constant of 10 s; a read decays it
// further, so that a backend that was slow is tried again. Only good answers count as latency: a failure says nothing about how long work
// takes, and is counted as an error instead. The error share is an average over about 20 results which halves every 2 s without traffic,
// so that a backend that has mended comes back. Source: Finagle's PeakEwma for the first; the second is simulated in tests/sim.
//
// Thread-safety: one worker. Cost: one exp per result and per read, none for the mean. Bounds: latency 0-1 h, error 0-1, whatever comes in. A clock that goes
// backwards counts as no time.
#pragma once

#include <cstdint>

#include "common/base/clock.h"

namespace switchyard::agent::balancer {

class LocalEvidence {
 public:
  void OnSuccess(TimePoint now, Duration latency);
  // Nobody waited for the end: it takes at least this long.
  void OnAbandoned(TimePoint now, Duration waited);
  // `weight`: how many results it counts as; a refused connection says more than one bad answer.
  void OnFailure(TimePoint now, int weight = 1);

  // What was is no guide any more: errors are none; and latency is what is typical of the others (0: not known), so that neither old peaks keep requests away
  // nor a clean sheet draws them all. The mean is not known.
  void ForgetErrors() { error_ = 0; }
  void Forget(double typical_latency, TimePoint now) {
    error_ = mean_latency_ = 0;
    answers_ = 0;
    latency_ = typical_latency;
    latency_at_ = now;
  }

  // Seconds; 0 when nothing is known.
  double Latency(TimePoint now) const;
  // The mean of the last few good answers instead of a peak. Without answers it fades to a half in 7 s and a tenth in 34 s, so that
  // a backend that was slow is tried again.
  double MeanLatency(TimePoint now) const;
  // 0-1.
  double Error(TimePoint now) const;
  // Results so far.
  std::uint64_t results() const { return results_; }

 private:
  void Result(TimePoint now, double error);

  double latency_ = 0;
  double mean_latency_ = 0;
  double error_ = 0;
  TimePoint latency_at_{};
  TimePoint error_at_{};
  std::uint64_t results_ = 0;
  std::uint64_t answers_ = 0;  // that count as latency
};

}  // namespace switchyard::agent::balancer
