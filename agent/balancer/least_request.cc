#include "agent/balancer/least_request.h"

namespace switchyard::agent::balancer {
namespace {

// a carries less than b, per weight. Cross-multiplied: no division.
bool Lighter(const BackendFacts& a, const BackendFacts& b) {
  return (a.in_flight + static_cast<double>(a.charge)) * ShareOf(b) < (b.in_flight + static_cast<double>(b.charge)) * ShareOf(a);
}

}  // namespace

std::size_t LeastRequest::Pick(const View& view, std::optional<std::uint64_t>, Random& random) {
  const WeightedDraw::Two two = draw_.Pair(view, random);
  if (two.second == kNone) return two.first;
  return Lighter(view.backends[two.second], view.backends[two.first]) ? two.second : two.first;
}

}  // namespace switchyard::agent::balancer
