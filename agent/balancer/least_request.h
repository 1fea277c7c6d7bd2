// LeastRequest: the power of two choices. Two backends are drawn at random in proportion to weight; the one with fewer requests in flight
// per weight gets the request; if neither has fewer, the first drawn. So an upstream that is idle is shared by weight, too.
//
// Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996.
// Thread-safety: one worker; in-flight counts are this worker's own. Cost: O(log n), no allocation. Bounds: 8 draws per candidate, then a
// scan by weight, so that an upstream that is mostly down still finds who is up.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/balancer/balancer.h"

namespace switchyard::agent::balancer {

class LeastRequest final : public Balancer {
 public:
  explicit LeastRequest(std::span<const BackendFacts> backends);
  std::size_t Pick(std::span<const BackendFacts> backends, std::size_t avoid, Random& random) override;

 private:
  std::size_t Draw(std::span<const BackendFacts> backends, std::size_t avoid, std::size_t other, Random& random) const;
  std::vector<std::uint64_t> cumulative_;
};

}  // namespace switchyard::agent::balancer
