#include "agent/balancer/peak_ewma.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {
constexpr double kErrorCharge = 10;
// When nobody has any history: only ratios count then.
constexpr double kUnknownLatency = 0.03;

// `even_share`: the share that the in-flight count is compared at.
double Cost(const BackendFacts& facts, const View& view, double even_share) {
  const double typical = view.typical_latency > 0 ? view.typical_latency : kUnknownLatency;
  double latency = typical;
  double error = 0;
  if (facts.evidence != nullptr) {
    const double own = facts.evidence->Latency(view.now);
    if (own > 0) latency = own;
    error = ErrorCharged(facts, view.now, view.typical_error);
  }
  const double load = facts.in_flight * even_share / std::max(ShareOf(facts), 1e-9) + 1;
  return load * (latency + kErrorCharge * error * std::max(typical, latency));
}

}  // namespace

std::size_t LocallyCheaper(const WeightedDraw::Two& two, const View& view) {
  if (two.second == kNone || two.second == two.first) return two.first;
  const BackendFacts& first = view.backends[two.first];
  const BackendFacts& second = view.backends[two.second];
  const double even_share = (ShareOf(first) + ShareOf(second)) / 2;
  return Cost(second, view, even_share) < Cost(first, view, even_share) ? two.second : two.first;
}

std::size_t PeakEwma::Pick(const View& view, std::optional<std::uint64_t>, Random& random) {
  return LocallyCheaper(draw_.FairPair(view, random), view);
}

}  // namespace switchyard::agent::balancer
