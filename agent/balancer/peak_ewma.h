// PeakEwma: two random choices by expected delay: requests in flight times latency, where latency jumps to a peak at once and comes down
// slowly, plus a charge for errors.
//
// cost = (in_flight / relative share + 1) * (latency + 10 * excess error * typical latency). A backend without history costs the typical latency of
// the group. Source: Finagle's PeakEwma (cost, peak); the error charge is ours: without it a backend that fails in no time takes twice its
// share and more (tests/sim, setup E5).
// Thread-safety: one worker. Cost: O(1) expected, two exps, no allocation.
#pragma once

#include "agent/balancer/weighted_draw.h"

namespace switchyard::agent::balancer {

// The one of two (the second may be kNone) to which one more request costs less by this worker's own experience.
std::size_t LocallyCheaper(const WeightedDraw::Two& two, const View& view);

class PeakEwma final : public Balancer {
 public:
  explicit PeakEwma(std::span<const BackendFacts> backends) : draw_(backends) {}
  std::size_t Pick(const View& view, std::optional<std::uint64_t> key, Random& random) override;

 private:
  const WeightedDraw draw_;
};

}  // namespace switchyard::agent::balancer
