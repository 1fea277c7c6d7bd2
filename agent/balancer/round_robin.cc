#include "agent/balancer/round_robin.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {
// Virtual time is rebased before the step 1/weight (>= 1e-4) would lose precision against it.
constexpr double kRebaseAt = 1e9;
}  // namespace

bool RoundRobin::Later(const Turn& a, const Turn& b) { return a.at != b.at ? a.at > b.at : a.backend > b.backend; }

RoundRobin::RoundRobin(std::span<const BackendFacts> backends, Random& random) {
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (backends[i].weight > 0) turns_.push_back({random.Unit() / backends[i].weight, i});
  }
  std::make_heap(turns_.begin(), turns_.end(), Later);
}

std::size_t RoundRobin::Pick(std::span<const BackendFacts> backends, std::size_t avoid, Random& random) {
  for (std::size_t tries = 0; tries < turns_.size(); ++tries) {
    std::pop_heap(turns_.begin(), turns_.end(), Later);
    Turn& turn = turns_.back();
    turn.at += 1.0 / backends[turn.backend].weight;
    const std::size_t backend = turn.backend;
    const bool rebase = turn.at > kRebaseAt;
    std::push_heap(turns_.begin(), turns_.end(), Later);
    if (rebase) {
      const double base = turns_.front().at;
      for (Turn& each : turns_) each.at -= base;
    }
    if (backends[backend].usable && backend != avoid) return backend;
  }
  return AnyUsable(backends, avoid, random);
}

}  // namespace switchyard::agent::balancer
