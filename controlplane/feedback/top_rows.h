// TopRows: from sums to the rows that people read. Pure.
//
// Success is the share of attempts with a response of status < 500, 1 when there were none; quantiles come from the merged sketch, in ms.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "controlplane/feedback/backend_ring.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::feedback {

// One backend's (or upstream's) figures over some seconds.
struct TopFigures {
  BackendTotals totals;
  std::uint32_t in_flight = 0;
  std::uint32_t healthy = 0;
  std::uint32_t unhealthy = 0;

  void Merge(const TopFigures& other);
};

// REQUIRES: seconds > 0.
v1::TopRow MakeTopRow(const std::string& upstream, const std::string& backend, const TopFigures& figures, double seconds);

}  // namespace switchyard::controlplane::feedback
