// ReportPool: the newest reports of a few backends, for balancers that pick on what backends say of themselves.
//
// 16 places, one per backend; a new report takes the place of the backend's last one, else the oldest's. A report is forgotten after one
// second, or when it has been used too often for its age to matter. Each use adds one to its requests in flight: that is our own request,
// which the backend has not seen yet. Source: B. Wydrowski et al., "Load is not what you should balance: Introducing Prequal", NSDI 2024.
//
// Thread-safety: one worker. Cost: O(16), no allocation. Bad input: a report that is not finite or negative is ignored; error is held to
// 0-1; one that comes out of order does not replace a newer one; one from the future counts as of now.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/balancer/balancer.h"

namespace switchyard::agent::balancer {

class ReportPool {
 public:
  static constexpr std::size_t kPlaces = 16;
  static constexpr Duration kLife = std::chrono::seconds(1);

  struct Place {
    std::size_t backend = kNone;
    Report report;
    std::uint32_t uses = 0;
  };

  // `max_uses`: a report is dropped after so many uses.
  explicit ReportPool(std::uint32_t max_uses) : max_uses_(max_uses) {}

  void Add(std::size_t backend, Report report);
  // Drops what is too old at `now`; then the reports there are.
  std::span<Place> Fresh(TimePoint now);
  // Our own request goes there. `place` is one of Fresh's.
  void Use(Place& place);
  void Drop(Place& place);
  bool HasNewerThan(std::size_t backend, TimePoint since) const;

 private:
  const std::uint32_t max_uses_;
  std::array<Place, kPlaces> places_;
  std::size_t size_ = 0;
};

}  // namespace switchyard::agent::balancer
