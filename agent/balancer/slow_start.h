// SlowStart: how much of its weight a backend that is new, or has just come back, may take.
//
// max(10 %, p^(1/aggression)), where p is the smaller of time passed / window and requests seen / 200: a backend that gets little traffic
// warms up slowly in time, too. After six windows it is over in any case. Source: Envoy's slow start for the formula.
// Thread-safety: one worker. Cost: a pow while it lasts.
#pragma once

#include <cstdint>

#include "common/base/clock.h"

namespace switchyard::agent::balancer {

struct SlowStartPolicy {
  Duration window{};  // 0: off
  double aggression = 1;
  friend bool operator==(const SlowStartPolicy&, const SlowStartPolicy&) = default;
};

class SlowStart {
 public:
  void Begin(TimePoint now);
  void OnRequest() { ++requests_; }
  bool running() const { return running_; }
  // 0.1-1.
  float Share(const SlowStartPolicy& policy, TimePoint now);

 private:
  TimePoint began_{};
  std::uint32_t requests_ = 0;
  bool running_ = false;
};

}  // namespace switchyard::agent::balancer
