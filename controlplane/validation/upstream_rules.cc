#include "controlplane/validation/upstream_rules.h"

#include <fmt/format.h>

#include <unordered_map>

#include "common/base/duration.h"
#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/config/proto_duration.h"
#include "controlplane/validation/balancing_rules.h"
#include "controlplane/validation/discovery_rules.h"
#include "controlplane/validation/health_rules.h"
#include "controlplane/validation/label_rules.h"
#include "controlplane/validation/resilience_rules.h"
#include "controlplane/validation/socket_rules.h"
#include "controlplane/validation/text_rules.h"
#include "controlplane/validation/tls_rules.h"

namespace switchyard::controlplane::validation {
namespace {

// Addresses in their one canonical form, with the index of the backend that has it first.
using Addresses = std::unordered_map<std::string, int>;

void CheckAddress(const std::string& at, int index, const std::string& address, Addresses& seen, Findings& out) {
  if (address.empty()) return out.Add(At(at, "address"), "is missing; expected IP:port, such as 10.0.0.1:8080 or [::1]:8080");
  const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(address);
  if (!endpoint.ok()) return out.Add(At(at, "address"), std::string(Message(endpoint.status())));
  if (endpoint->port() == 0)
    return out.Add(At(at, "address"), fmt::format("is {}; expected a port from 1 to {}", Quoted(address), config::kMaxPort));
  const auto [it, is_new] = seen.emplace(endpoint->ToString(), index);
  if (!is_new)
    out.Add(At(at, "address"),
            fmt::format("is {}, the address of spec.backends[{}] too; addresses must differ", Quoted(address), it->second));
}

void CheckBackend(int index, const v1::Backend& backend, Addresses& seen, Findings& out) {
  const std::string at = At("spec.backends", index);
  CheckAddress(at, index, backend.address(), seen, out);
  CheckOptional(at, "weight", backend.has_weight(), backend.weight(), config::kBackendWeight, out);
  if (backend.zone().size() > config::kMaxZoneLength && CharacterCount(backend.zone()) > config::kMaxZoneLength) {
    out.Add(At(at, "zone"), fmt::format("has {} characters; at most {} allowed", CharacterCount(backend.zone()), config::kMaxZoneLength));
  }
  CheckLabels(At(at, "labels"), backend.labels(), config::kMaxLabels, out);
  CheckEnum(at, "state", backend.state(), v1::BackendState_descriptor(), out);
  CheckCount(at, "priority", backend.priority(), config::kPriority, out);
  CheckEnum(at, "breaker", backend.breaker(), v1::BreakerForce_descriptor(), out);
}

void CheckPool(const v1::Pool& pool, Findings& out) {
  const Text at = "spec.pool";
  CheckCount(at, "max_connections_per_backend", pool.max_connections_per_backend(), config::kMaxConnectionsPerBackend, out);
  CheckOptional(at, "max_idle_per_backend", pool.has_max_idle_per_backend(), pool.max_idle_per_backend(), config::kMaxIdlePerBackend, out);
  if (pool.max_idle_per_backend() <= config::kMaxIdlePerBackend.max &&
      pool.max_idle_per_backend() > config::MaxConnectionsPerBackend(pool)) {
    out.Add(At(at, "max_idle_per_backend"),
            fmt::format("is {}, more than max_connections_per_backend, {}; lower it or raise max_connections_per_backend",
                        pool.max_idle_per_backend(), config::MaxConnectionsPerBackend(pool)));
  }
  CheckTime(at, "idle_timeout", pool.has_idle_timeout(), pool.idle_timeout(), config::kPoolIdleTimeout, out);
  CheckOptional(at, "max_pending", pool.has_max_pending(), pool.max_pending(), config::kMaxPending, out);
  CheckTime(at, "pending_timeout", pool.has_pending_timeout(), pool.pending_timeout(), config::kPendingTimeout, out);
  CheckLimit(at, "max_age", pool.has_max_age(), pool.max_age(), config::kPoolMaxAge, out);
  CheckSocket(At(at, "socket"), pool.socket(), out);
}

void CheckWarmUp(const v1::Upstream& upstream, Findings& out) {
  const std::uint32_t wanted = upstream.pool().min_idle_per_backend();
  const std::string at = "spec.pool.min_idle_per_backend";
  if (wanted > config::kMaxMinIdle) return out.Add(at, fmt::format("is {}; at most {} allowed", wanted, config::kMaxMinIdle));
  if (wanted > config::MaxIdlePerBackend(upstream.pool())) {
    out.Add(at, fmt::format("is {}, more than max_idle_per_backend, {}; lower it or raise max_idle_per_backend", wanted,
                            config::MaxIdlePerBackend(upstream.pool())));
  }
  if (wanted > 0 && config::ProxyProtocolOf(upstream) != v1::PROXY_PROTOCOL_VERSION_NONE) {
    out.Add(at, "asks for connections made ahead, but with proxy_protocol a connection starts with its client; leave one of the two out");
  }
}

bool Hashes(v1::Balancer balancer) {
  return balancer == v1::BALANCER_RING_HASH || balancer == v1::BALANCER_MAGLEV || balancer == v1::BALANCER_RENDEZVOUS;
}

void CheckFleet(const v1::Upstream& upstream, Findings& out) {
  const v1::FleetPolicy& fleet = upstream.fleet();
  CheckEnum("spec.fleet", "verdicts", fleet.verdicts(), v1::FleetSwitch_descriptor(), out);
  CheckEnum("spec.fleet", "weights", fleet.weights(), v1::FleetSwitch_descriptor(), out);
  CheckEnum("spec.fleet", "slow_verdicts", fleet.slow_verdicts(), v1::FleetSwitch_descriptor(), out);
  CheckCount("spec.fleet", "concurrency", fleet.concurrency(), config::kFleetConcurrency, out);
  CheckCount("spec.fleet", "subset_size", fleet.subset_size(), config::kFleetSubsetSize, out);
  if (fleet.subset_size() > 0 && Hashes(config::BalancerOf(upstream))) {
    out.Add("spec.fleet.subset_size", "cannot be used with a balancer that hashes: a key would have another home at each agent; leave one of the two out");
  }
}

}  // namespace

void CheckUpstream(const v1::Upstream& upstream, Findings& out) {
  Addresses seen;
  const int count = CheckSize("spec", "backends", upstream.backends_size(), config::kMaxBackends, out);
  for (int i = 0; i < count; ++i) CheckBackend(i, upstream.backends(i), seen, out);
  CheckEnum("spec", "protocol", upstream.protocol(), v1::UpstreamProtocol_descriptor(), out);
  CheckEnum("spec", "balancer", upstream.balancer(), v1::Balancer_descriptor(), out);
  if (upstream.has_health_check()) CheckHealthCheck(upstream, out);
  if (config::Protocol(upstream) == v1::UPSTREAM_PROTOCOL_AUTO && !upstream.has_tls()) {
    out.Add("spec.protocol", "is AUTO, which TLS decides, but there is no `tls`; add `tls`, or say HTTP1 or HTTP2");
  }
  CheckBalancing(upstream, out);
  CheckFleet(upstream, out);
  CheckResilience(upstream, out);
  CheckEnum("spec", "proxy_protocol", upstream.proxy_protocol(), v1::ProxyProtocolVersion_descriptor(), out);
  CheckPool(upstream.pool(), out);
  CheckWarmUp(upstream, out);
  CheckDiscovery(upstream, out);
  if (upstream.has_tls()) CheckUpstreamTls(upstream, out);
  CheckTime("spec", "connect_timeout", upstream.has_connect_timeout(), upstream.connect_timeout(), config::kConnectTimeout, out);
}

}  // namespace switchyard::controlplane::validation
