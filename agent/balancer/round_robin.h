// RoundRobin: smooth weighted round robin. Over any window each backend gets its share of the picks, spread evenly rather than in runs.
//
// Earliest deadline first: each backend's next turn is 1/weight after its last one; the pick is the earliest turn. Where the tilt is below one a turn is taken
// with that chance: a share that grows again holds from the next turn on. The first turns are
// placed at random within one period, so that many workers and agents do not start on the same backend. Source: the virtual-time scheduling
// of WFQ (Demers, Keshav, Shenker, 1989) with equal-sized packets.
//
// Thread-safety: one worker. Cost: O(log n) per pick; O(n log n) when many are unusable. A backend that was unusable does not catch up
// later.
#pragma once

#include <span>
#include <vector>

#include "agent/balancer/balancer.h"

namespace switchyard::agent::balancer {

class RoundRobin final : public Balancer {
 public:
  RoundRobin(std::span<const BackendFacts> backends, Random& random);
  std::size_t Pick(const View& view, std::optional<std::uint64_t> key, Random& random) override;

 private:
  struct Turn {
    double at;
    std::size_t backend;
  };
  static bool Later(const Turn& a, const Turn& b);
  std::vector<Turn> turns_;  // a heap, earliest on top
};

}  // namespace switchyard::agent::balancer
