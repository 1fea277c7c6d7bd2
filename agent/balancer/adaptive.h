// Adaptive: shortest expected delay over a pool of fresh reports; without fresh reports, backends in turn by own experience
// and the fleet's requests in flight.
//
// score = (rif + 1) * (service + 10 * max(0, error - typical error) * typical service) / share, smallest wins. Each report is used once: a second
// request on the same word goes where others have gone meanwhile (docs/sim.md, uneven fleet, 20 agents, p99: 49 instead of 54 ms). Reports come
// with responses and, for backends not heard of for 100 ms, from probes (Wanted: two candidates per request). Fewer than two usable reports:
// ByTurns, so that missing evidence costs quality, never an error. Measured in tests/sim (setups E1, E5).
//
// Thread-safety: one worker. Cost: O(16) with reports, O(1) expected without, no allocation.
#pragma once

#include <vector>

#include "agent/balancer/by_turns.h"
#include "agent/balancer/report_pool.h"
#include "agent/balancer/weighted_draw.h"

namespace switchyard::agent::balancer {

class Adaptive final : public Balancer {
 public:
  Adaptive(std::span<const BackendFacts> backends, Random& random);
  std::size_t Pick(const View& view, std::optional<std::uint64_t> key, Random& random) override;
  void OnReport(std::size_t backend, const Report& report) override;
  std::size_t Wanted(const View& view, Random& random, std::span<std::size_t> out) override;

 private:
  const WeightedDraw draw_;
  ReportPool pool_;
  ByTurns by_turns_;
  std::vector<TimePoint> heard_;  // when each backend was last heard of or asked
};

}  // namespace switchyard::agent::balancer
