// TroubledRoutes: what the routes that have trouble at one backend see there, apart from what the others see: so that the fleet can tell a sick backend from
// a sick endpoint of it.
//
// A route is here from its first bad result (failed or slow) on until there was none for kRemembers; while it is, all its results count here and not with
// the rest. Where nothing is wrong there is no such object, and a result costs its owner one comparison with null.
//
// Thread-safety: one worker. Bounds: kMost routes; beyond, a failing one takes the place of one that was only slow, else what it sees is the backend's, as is
// right where so many fail. Cost: O(kMost) per result; nothing is allocated after the constructor but by Take and Latencies.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "agent/report/evidence.h"
#include "common/base/clock.h"

namespace switchyard::agent::report {

// How long answers took, four buckets per power of two microseconds: as fine as slow verdicts look at it.
struct CoarseLatency {
  static constexpr int kScale = 2;
  // Up to 268 s; what took longer counts at the end.
  static constexpr std::size_t kBuckets = 28UL << kScale;
  std::array<std::uint32_t, kBuckets> counts{};

  void Record(Duration took);
  void Add(const CoarseLatency& other);
};
// By route.
using RouteLatencies = std::map<std::uint64_t, CoarseLatency>;

class TroubledRoutes {
 public:
  static constexpr std::size_t kMost = 16;
  static constexpr Duration kRemembers = std::chrono::seconds(10);

  enum class Result : std::uint8_t { kSucceeded, kFailed, kUnanswered };

  TroubledRoutes() { routes_.reserve(kMost); }

  // `bad`: failed or slow. False: the route is not here, and the result is to be counted with the rest.
  bool Count(std::uint64_t route, Result result, Duration took, bool bad, TimePoint now);
  // Moves the counts since the last time into `out`, and lets go of routes that are well again.
  void Take(std::vector<RouteEvidence>& out, TimePoint now);
  // Likewise how long answers took.
  RouteLatencies Latencies(TimePoint now);
  bool empty() const { return routes_.empty() && gone_.empty(); }

 private:
  struct Route {
    RouteEvidence seen;
    TimePoint bad{};
    TimePoint failed{};
    bool answered = false;  // since the last Latencies
    CoarseLatency took;
  };

  Route* PlaceFor(std::uint64_t route, bool failed, TimePoint now);
  void Forget(TimePoint now);

  std::vector<Route> routes_;
  // Of one that had to give its place: to be told still.
  std::vector<RouteEvidence> gone_;
};

}  // namespace switchyard::agent::report
