// RateWindow: how many attempts of the last seconds failed or were slow: ten buckets of a tenth of the window each.
//
// Exact over whole buckets, so that a fast burst is not hidden by a long past as in a decaying mean.
// Thread-safety: one worker. Cost: O(1) to add, O(10) to read. A clock that goes backwards counts into the present bucket.
#pragma once

#include <array>
#include <cstdint>

#include "common/base/clock.h"

namespace switchyard::agent::breaker {

class RateWindow {
 public:
  struct Counts {
    std::uint32_t total = 0;
    std::uint32_t failed = 0;
    std::uint32_t slow = 0;
  };

  void Add(TimePoint now, Duration window, bool failed, bool slow);
  Counts Sum(TimePoint now, Duration window) const;
  void Clear() { buckets_ = {}; }

 private:
  static constexpr std::int64_t kBuckets = 10;
  static std::int64_t TickOf(TimePoint now, Duration window);

  struct Bucket {
    std::int64_t tick = -1;
    Counts counts;
  };
  std::array<Bucket, kBuckets> buckets_{};
};

}  // namespace switchyard::agent::breaker
