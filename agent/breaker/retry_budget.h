// RetryBudget: how many retries one worker may make for one upstream, in proportion to its requests.
//
// A token bucket: each request puts in `share`, each retry takes one; beside it a second one that fills by time, so that a quiet upstream
// may retry, too. A budget alone does not end a retry storm, but without one a storm has no end.
// Thread-safety: one worker. Cost: O(1). Bounds: 100 tokens saved up, and one second's worth of the other.
#pragma once

#include "common/base/clock.h"

namespace switchyard::agent::breaker {

class RetryBudget {
 public:
  // `share`: of requests, 0-1; `per_second`: allowed in any case.
  void Configure(double share, double per_second);
  void OnRequest();
  // False: no retry now.
  bool Take(TimePoint now);

 private:
  double MostGiven() const;

  double share_ = 0;
  double per_second_ = 0;
  double earned_ = 0;
  double given_ = 0;
  TimePoint filled_{};
};

}  // namespace switchyard::agent::breaker
