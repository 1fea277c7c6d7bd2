// EvidenceRow: what one backend did since the fleet's loop was last told of it.
//
// Counted by the workers beside the windows, because it is told ten times as often and only where there is something to tell.
// Thread-safety: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::agent::report {

struct EvidenceCounts {
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;      // answered, status >= 500
  std::uint32_t unanswered = 0;
  std::uint32_t in_flight = 0;   // now

  bool any() const { return succeeded + failed + unanswered > 0; }
  void Add(const EvidenceCounts& other) {
    succeeded += other.succeeded;
    failed += other.failed;
    unanswered += other.unanswered;
    in_flight += other.in_flight;
  }
};

// What one route saw, of those that have trouble there (troubled_routes.h).
struct RouteEvidence {
  std::uint64_t route = 0;
  EvidenceCounts counts;  // without in_flight
};

// What is in `routes` is not in `counts`.
struct BackendEvidence {
  EvidenceCounts counts;
  std::vector<RouteEvidence> routes;
};

struct EvidenceRow {
  std::string upstream;
  std::string address;
  EvidenceCounts counts;
  std::vector<RouteEvidence> routes = {};
};
using EvidenceRows = std::vector<EvidenceRow>;

}  // namespace switchyard::agent::report
