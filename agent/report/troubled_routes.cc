#include "agent/report/troubled_routes.h"

#include <algorithm>

#include "common/stats/exponential_histogram.h"

namespace switchyard::agent::report {

void CoarseLatency::Record(Duration took) {
  using stats::ExponentialHistogram;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const int bucket = micros > 1 ? ExponentialHistogram::BucketOf(static_cast<std::uint64_t>(micros)) >> (ExponentialHistogram::kScale - kScale) : 0;
  ++counts[std::min(static_cast<std::size_t>(bucket), kBuckets - 1)];
}

void CoarseLatency::Add(const CoarseLatency& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts[i] += other.counts[i];
}

TroubledRoutes::Route* TroubledRoutes::PlaceFor(std::uint64_t route, bool failed, TimePoint now) {
  if (routes_.size() >= kMost) {
    const auto spare = std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) { return now - one.failed > kRemembers; });
    if (!failed || spare == routes_.end()) return nullptr;
    // Its own words are kept, one route's: if places change hands faster than that, the oldest are lost.
    if (spare->seen.counts.any()) gone_.assign(1, spare->seen);
    routes_.erase(spare);
  }
  Route& made = routes_.emplace_back();
  made.seen.route = route;
  made.failed = now - 2 * kRemembers;
  return &made;
}

bool TroubledRoutes::Count(std::uint64_t route, Result result, Duration took, bool bad, TimePoint now) {
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) { return one.seen.route == route; });
  Route* one = at == routes_.end() ? nullptr : &*at;
  const bool failed = result != Result::kSucceeded;
  if (one == nullptr && bad) one = PlaceFor(route, failed, now);
  if (one == nullptr) return false;
  if (bad) one->bad = now;
  if (failed) one->failed = now;
  one->seen.counts.succeeded += failed ? 0 : 1;
  one->seen.counts.failed += result == Result::kFailed ? 1 : 0;
  one->seen.counts.unanswered += result == Result::kUnanswered ? 1 : 0;
  if (result == Result::kUnanswered) return true;
  one->took.Record(took);
  one->answered = true;
  return true;
}

void TroubledRoutes::Forget(TimePoint now) {
  std::erase_if(routes_, [&](const Route& one) { return now - one.bad > kRemembers; });
}

void TroubledRoutes::Take(std::vector<RouteEvidence>& out, TimePoint now) {
  out.insert(out.end(), gone_.begin(), gone_.end());
  gone_.clear();
  for (Route& one : routes_) {
    if (one.seen.counts.any()) out.push_back(one.seen);
    one.seen.counts = {};
  }
  Forget(now);
}

RouteLatencies TroubledRoutes::Latencies(TimePoint now) {
  RouteLatencies out;
  for (Route& one : routes_) {
    if (!one.answered) continue;
    out[one.seen.route] = one.took;
    one.took = {};
    one.answered = false;
  }
  // Where there is no controller nobody asks for the counts.
  Forget(now);
  return out;
}

}  // namespace switchyard::agent::report
