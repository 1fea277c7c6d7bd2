#include "agent/balancer/least_request.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {

constexpr int kDraws = 8;

// a carries less than b, per weight. Cross-multiplied: no division.
bool Lighter(const BackendFacts& a, const BackendFacts& b) {
  return std::uint64_t{a.in_flight} * b.weight < std::uint64_t{b.in_flight} * a.weight;
}

}  // namespace

LeastRequest::LeastRequest(std::span<const BackendFacts> backends) {
  cumulative_.reserve(backends.size());
  std::uint64_t sum = 0;
  for (const BackendFacts& backend : backends) cumulative_.push_back(sum += backend.weight);
}

std::size_t LeastRequest::Draw(std::span<const BackendFacts> backends, std::size_t avoid, std::size_t other, Random& random) const {
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t point = random.Below(cumulative_.back());
    const auto at = static_cast<std::size_t>(std::upper_bound(cumulative_.begin(), cumulative_.end(), point) - cumulative_.begin());
    if (backends[at].usable && at != avoid && at != other) return at;
  }
  return kNone;
}

std::size_t LeastRequest::Pick(std::span<const BackendFacts> backends, std::size_t avoid, Random& random) {
  if (cumulative_.empty() || cumulative_.back() == 0) return kNone;
  if (backends.size() == 1) return AnyUsable(backends, avoid, random);
  std::size_t first = Draw(backends, avoid, kNone, random);
  std::size_t second = kNone;
  if (first == kNone) {
    first = AnyUsable(backends, avoid, random);
    second = AnyUsable(backends, avoid, random);
  } else {
    second = Draw(backends, avoid, first, random);
  }
  if (first == kNone || second == kNone) return first;
  return Lighter(backends[second], backends[first]) ? second : first;
}

}  // namespace switchyard::agent::balancer
