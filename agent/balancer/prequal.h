// Prequal: the hot/cold rule over a pool of fresh reports.
//
// A report is cold if its requests in flight are at most the 0.84 quantile of the pool; among the cold the lowest latency wins, if none is
// cold the fewest in flight. One report leaves per pick, the oldest and the worst in turn. Fewer than two usable reports: two random choices
// by own experience. Errors are charged as latency; the paper's own defence is not published.
// Source: B. Wydrowski et al., "Load is not what you should balance: Introducing Prequal", NSDI 2024.
//
// Thread-safety: one worker. Cost: O(16), no allocation.
#pragma once

#include "agent/balancer/report_pool.h"
#include "agent/balancer/weighted_draw.h"

namespace switchyard::agent::balancer {

class Prequal final : public Balancer {
 public:
  explicit Prequal(std::span<const BackendFacts> backends);
  std::size_t Pick(const View& view, std::optional<std::uint64_t> key, Random& random) override;
  void OnReport(std::size_t backend, const Report& report) override { pool_.Add(backend, report); }
  // Three, whoever they are.
  std::size_t Wanted(const View& view, Random& random, std::span<std::size_t> out) override;

 private:
  void RemoveOne(TimePoint now);

  const WeightedDraw draw_;
  ReportPool pool_;
  bool remove_oldest_ = false;
};

}  // namespace switchyard::agent::balancer
