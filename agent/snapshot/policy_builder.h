// From the policies of `switchyard.v1.Route` to RoutePolicies.
//
// Thread-safety: pure functions. Cost: compiles regular expressions and templates, fills tables of addresses. Errors: noted in `problems`,
// with the field.
#pragma once

#include <memory>

#include "agent/policy/route_policies.h"
#include "agent/snapshot/problems.h"
#include "switchyard/v1/route.pb.h"

namespace switchyard::agent::snapshot {

// Null: the route has none. `limits`: the limiters that the route had, and what they were made from; both are kept when that is the same.
struct KeptLimiters {
  std::string route_bytes;
  std::shared_ptr<policy::RouteLimiter> route;
  std::string client_bytes;
  std::shared_ptr<policy::ClientLimiter> client;
};
std::shared_ptr<const policy::RoutePolicies> BuildPolicies(const v1::Route& route, KeptLimiters& limits, Problems& problems);

}  // namespace switchyard::agent::snapshot
