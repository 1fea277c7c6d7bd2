#include "agent/snapshot/route_builder.h"

#include <algorithm>

#include "agent/snapshot/match_builder.h"
#include "common/base/rendezvous.h"
#include "common/config/limits.h"

namespace switchyard::agent::snapshot {

std::vector<std::shared_ptr<const router::Route>> RouteBuilder::Build(const std::vector<const v1::Resource*>& routes,
                                                                      const UpstreamIndex& upstreams,
                                                                      std::vector<v1::Violation>& violations) {
  std::vector<std::shared_ptr<const router::Route>> out;
  std::unordered_map<std::string, Compiled> kept;
  for (const v1::Resource* resource : routes) {
    Compiled compiled = std::move(compiled_[resource->name()]);
    Compile(*resource, compiled, violations);
    out.push_back(Make(resource->name(), compiled, upstreams));
    kept.emplace(resource->name(), std::move(compiled));
  }
  compiled_ = std::move(kept);
  return out;
}

void RouteBuilder::Compile(const v1::Resource& resource, Compiled& compiled, std::vector<v1::Violation>& violations) {
  std::string bytes = resource.route().SerializeAsString();
  if (compiled.good && compiled.bytes == bytes) return;
  Problems problems(resource, violations);
  KeptLimiters limiters = compiled.limiters;
  std::vector<router::MatchRule> matches = BuildMatches(resource.route(), problems);
  std::shared_ptr<const policy::RoutePolicies> policies = BuildPolicies(resource.route(), limiters, problems);
  if (problems.any()) {
    // Without an earlier version it refuses what it would have taken: its hosts, and its matches as far as they are understood.
    if (!compiled.good) {
      *compiled.proto.mutable_hosts() = resource.route().hosts();
      compiled.matches = std::move(matches);
    }
    return;
  }
  compiled = {std::move(bytes), resource.route(), std::move(matches), std::move(policies), std::move(limiters), true};
}

std::shared_ptr<const router::Route> RouteBuilder::Make(const std::string& name, const Compiled& compiled, const UpstreamIndex& upstreams) {
  const v1::Route& proto = compiled.proto;
  auto out = std::make_shared<router::Route>();
  out->name = name;
  out->id = std::max<std::uint64_t>(1, NameHash(name));
  out->hosts.assign(proto.hosts().begin(), proto.hosts().end());
  out->matches = compiled.matches;
  out->policies = compiled.policies;
  out->answers_preflight = proto.has_cors();
  out->quarantined = !compiled.good;
  for (const v1::WeightedUpstream& target : proto.forward().upstreams()) {
    const auto at = upstreams.find(target.upstream());
    if (at == upstreams.end()) {
      out->quarantined = true;
    } else if (const std::uint32_t weight = config::Weight(target); weight > 0) {
      out->targets.push_back({at->second, weight});
      out->total_weight += weight;
    }
  }
  // An action that a later controller knows is none here.
  out->quarantined = out->quarantined || (out->targets.empty() && !proto.has_redirect() && !proto.has_direct_response());
  if (proto.has_mirror()) {
    const auto at = upstreams.find(proto.mirror().upstream());
    out->mirrors = at != upstreams.end();
    if (out->mirrors) out->mirror_upstream = at->second;
  }
  out->response_timeout = config::ResponseTimeout(proto.timeouts());
  out->idle_timeout = config::ExchangeIdleTimeout(proto.timeouts());
  out->request_timeout = config::RequestTimeout(proto.timeouts());
  out->max_stream_duration = config::MaxStreamDuration(proto.timeouts());
  if (proto.has_max_body_bytes()) out->max_body_bytes = proto.max_body_bytes();
  return out;
}

}  // namespace switchyard::agent::snapshot
