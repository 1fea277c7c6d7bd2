#include "agent/breaker/rate_window.h"

#include <algorithm>

namespace switchyard::agent::breaker {

std::int64_t RateWindow::TickOf(TimePoint now, Duration window) {
  return std::max<std::int64_t>(0, now.time_since_epoch().count()) / std::max<std::int64_t>(1, window.count() / kBuckets);
}

void RateWindow::Add(TimePoint now, Duration window, bool failed, bool slow) {
  const std::int64_t tick = TickOf(now, window);
  Bucket& bucket = buckets_[static_cast<std::size_t>(tick % kBuckets)];
  if (bucket.tick < tick) bucket = {tick, {}};
  ++bucket.counts.total;
  bucket.counts.failed += failed ? 1 : 0;
  bucket.counts.slow += slow ? 1 : 0;
}

RateWindow::Counts RateWindow::Sum(TimePoint now, Duration window) const {
  const std::int64_t tick = TickOf(now, window);
  Counts sum;
  for (const Bucket& bucket : buckets_) {
    if (bucket.tick <= tick - kBuckets || bucket.tick < 0) continue;
    sum.total += bucket.counts.total;
    sum.failed += bucket.counts.failed;
    sum.slow += bucket.counts.slow;
  }
  return sum;
}

}  // namespace switchyard::agent::breaker
