// LeastRequest: the power of two choices. Two backends are drawn at random in proportion to weight; the one with fewer requests in flight
// per weight gets the request; if neither has fewer, the first drawn. So an upstream that is idle is shared by weight, too. Errors above the
// peers' count as requests in flight (`BackendFacts.charge`), so that failing fast does not look like being free.
//
// Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996.
// Thread-safety: one worker; in-flight counts are this worker's own. Cost: O(1) expected, no allocation. Bounds: see weighted_draw.h.
#pragma once

#include "agent/balancer/weighted_draw.h"

namespace switchyard::agent::balancer {

class LeastRequest final : public Balancer {
 public:
  explicit LeastRequest(std::span<const BackendFacts> backends) : draw_(backends) {}
  std::size_t Pick(const View& view, std::optional<std::uint64_t> key, Random& random) override;

 private:
  const WeightedDraw draw_;
};

}  // namespace switchyard::agent::balancer
