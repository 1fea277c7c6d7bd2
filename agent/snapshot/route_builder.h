// RouteBuilder: from `switchyard.v1.Route` to router::Route, snapshot by snapshot.
//
// What a route compiles to (conditions, policies) is kept while its resource does not change, so a change elsewhere compiles no regular
// expression and resets no limiter. A route that cannot be built is quarantined: its last good version serves, or 503 if there is none.
//
// Thread-safety: one thread (the data plane's). Cost: O(routes); compiling only for what changed.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/router/route.h"
#include "agent/snapshot/policy_builder.h"
#include "agent/snapshot/problems.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::agent::snapshot {

class RouteBuilder {
 public:
  using UpstreamIndex = std::unordered_map<std::string, std::uint32_t>;

  // Each route once, in the order of the snapshot.
  std::vector<std::shared_ptr<const router::Route>> Build(const std::vector<const v1::Resource*>& routes, const UpstreamIndex& upstreams,
                                                          std::vector<v1::Violation>& violations);

 private:
  struct Compiled {
    std::string bytes;  // of the resource it was made from
    v1::Route proto;    // the same; of the last good version when quarantined
    std::vector<router::MatchRule> matches;
    std::shared_ptr<const policy::RoutePolicies> policies;
    KeptLimiters limiters;
    bool good = false;  // there is a version that serves
  };
  static void Compile(const v1::Resource& resource, Compiled& compiled, std::vector<v1::Violation>& violations);
  static std::shared_ptr<const router::Route> Make(const std::string& name, const Compiled& compiled, const UpstreamIndex& upstreams);

  std::unordered_map<std::string, Compiled> compiled_;
};

}  // namespace switchyard::agent::snapshot
