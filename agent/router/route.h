// Route: the immutable, compiled form of `switchyard.v1.Route` that requests are matched against.
//
// Thread-safety: immutable after building; shared by all workers.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "agent/router/match_rule.h"
#include "common/base/clock.h"

namespace switchyard::agent::policy {
struct RoutePolicies;
}

namespace switchyard::agent::router {

// One share of a split, by position of the upstream in the snapshot.
struct Target {
  std::uint32_t upstream = 0;
  std::uint32_t weight = 1;
};

struct Route {
  std::string name;
  std::uint64_t id = 0;  // a hash of the name, never 0
  std::vector<std::string> hosts;
  std::vector<MatchRule> matches;
  std::vector<Target> targets;
  std::uint64_t total_weight = 0;
  Duration response_timeout{};
  Duration idle_timeout{};
  Duration request_timeout{};     // zero: none
  Duration max_stream_duration{};  // zero: none
  std::uint64_t max_body_bytes = std::numeric_limits<std::uint64_t>::max();
  // Null: the request is forwarded as it is. So a route without policies costs one comparison.
  std::shared_ptr<const policy::RoutePolicies> policies;
  // Where copies go, by position in the snapshot. An upstream that was refused gets none.
  std::uint32_t mirror_upstream = 0;
  bool mirrors = false;
  // Its CORS policy answers preflight requests, so they match like the request that they ask for.
  bool answers_preflight = false;
  // It, or an upstream of it, was refused and has no earlier version: requests are answered 503 `quarantined`.
  bool quarantined = false;

  // The upstream for a number drawn below total_weight.
  std::uint32_t TargetFor(std::uint64_t drawn) const;
};

}  // namespace switchyard::agent::router
