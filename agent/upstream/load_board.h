// LoadBoard: the load of one upstream, summed over the workers, and the words that tell it to whoever asked (agent/codec/endpoint_load.h reads them).
//
// An agent on the host of a backend sees all requests that reach the backend through it, whoever sent them; the agents that send them see only their
// own. So the near one tells: requests in flight, requests and errors per second of the last second or more, and the share of the
// capacity in use where that is known.
//
// Thread-safety: any worker; relaxed atomics, nothing waits. Cost: three additions per attempt on shared memory; Tell formats some 100 bytes and
// does not allocate once `out` has their room. Bad numbers do not arise: counts only grow, and a rate needs a second of time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "common/base/clock.h"

namespace switchyard::agent::upstream {

class LoadBoard {
 public:
  void Entered() { in_flight_.fetch_add(1, std::memory_order_relaxed); }
  void Left(bool failed);
  // Puts the value of `endpoint-load-metrics` into `out`. `capacity`: requests in flight that use the upstream up; 0: not known.
  void Tell(TimePoint now, double capacity, std::string& out);

 private:
  void Sample(TimePoint now);

  std::atomic<std::int64_t> in_flight_{0};
  std::atomic<std::uint64_t> ended_{0};
  std::atomic<std::uint64_t> failed_{0};
  // When the rates were last worked out, and from what. Zero: never. Who moves the time on writes the rest.
  std::atomic<Duration::rep> sampled_at_{0};
  std::atomic<std::uint64_t> sampled_ended_{0};
  std::atomic<std::uint64_t> sampled_failed_{0};
  // Negative: not known yet.
  std::atomic<double> rate_{-1};
  std::atomic<double> error_rate_{-1};
};

}  // namespace switchyard::agent::upstream
