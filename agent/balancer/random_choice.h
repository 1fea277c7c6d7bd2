// RandomChoice: each pick is drawn at random in proportion to weight, whatever was picked before.
//
// Thread-safety: one worker. Cost: O(1) expected, no allocation; see weighted_draw.h.
#pragma once

#include "agent/balancer/weighted_draw.h"

namespace switchyard::agent::balancer {

class RandomChoice final : public Balancer {
 public:
  explicit RandomChoice(std::span<const BackendFacts> backends) : draw_(backends) {}
  std::size_t Pick(const View& view, std::optional<std::uint64_t>, Random& random) override { return draw_.One(view, random); }

 private:
  const WeightedDraw draw_;
};

}  // namespace switchyard::agent::balancer
