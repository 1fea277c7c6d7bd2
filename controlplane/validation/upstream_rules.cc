#include "controlplane/validation/upstream_rules.h"

#include <fmt/format.h>

#include <unordered_map>

#include "common/base/duration.h"
#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/config/proto_duration.h"
#include "controlplane/validation/balancing_rules.h"
#include "controlplane/validation/discovery_rules.h"
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

void CheckHttpProbe(const v1::HttpProbe& probe, Findings& out) {
  const Text at = "spec.health_check.http";
  const std::string& path = probe.path();
  // A probe may have a query.
  if (!path.empty() && (!IsPath(Text(path).substr(0, path.find('?'))) || path.find_first_of("# \t\r\n") != std::string::npos)) {
    out.Add(At(at, "path"),
            fmt::format("is {}; expected a path that starts with '/', of visible ASCII characters without '#'", Quoted(path)));
  } else if (path.size() > config::kMaxPathLength) {
    out.Add(At(at, "path"), fmt::format("has {} characters; at most {} allowed", path.size(), config::kMaxPathLength));
  }
  const Text host = probe.host();
  const Text name = host.substr(0, host.ends_with(']') ? Text::npos : host.rfind(':'));
  const Text port = host.substr(name.size());
  const bool port_ok = port.empty() || (port.size() >= 2 && port.size() <= 6 && port.find_first_not_of("0123456789", 1) == Text::npos);
  if (!host.empty() && !(port_ok && (IsHostName(name) || IsBracketedV6(name)))) {
    out.Add(At(at, "host"), fmt::format("is {}; expected a host name or IP literal, with or without port", Quoted(host)));
  }
  const int count = CheckSize(at, "expected_statuses", probe.expected_statuses_size(), config::kMaxExpectedStatuses, out);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t status = probe.expected_statuses(i);
    if (status >= config::kExpectedStatus.min && status <= config::kExpectedStatus.max) continue;
    out.Add(At(At(at, "expected_statuses"), i),
            fmt::format("is {}; expected an HTTP status from {} to {}", status, config::kExpectedStatus.min, config::kExpectedStatus.max));
  }
}

void CheckProbeTimeout(const v1::HealthCheck& check, Findings& out) {
  CheckTime("spec.health_check", "timeout", check.has_timeout(), check.timeout(), config::kProbeTimeout, out);
  if (!check.has_timeout()) return;
  const Duration timeout = config::FromProto(check.timeout());
  const Duration longest = config::ProbeInterval(check) * config::kMaxProbeTimeoutIntervals;
  if (timeout <= longest || timeout > config::kProbeTimeout.max) return;
  out.Add("spec.health_check.timeout",
          fmt::format("is {}, more than {} times the interval, {}; shorten it or lengthen the interval", FormatDuration(timeout),
                      config::kMaxProbeTimeoutIntervals, FormatDuration(config::ProbeInterval(check))));
}

void CheckHealthCheck(const v1::HealthCheck& check, Findings& out) {
  const Text at = "spec.health_check";
  CheckTime(at, "interval", check.has_interval(), check.interval(), config::kProbeInterval, out);
  CheckProbeTimeout(check, out);
  CheckCount(at, "unhealthy_threshold", check.unhealthy_threshold(), config::kUnhealthyThreshold, out);
  CheckCount(at, "healthy_threshold", check.healthy_threshold(), config::kHealthyThreshold, out);
  CheckOptional(at, "shared_by", check.has_shared_by(), check.shared_by(), config::kProbesSharedBy, out);
  if (check.probe_case() == v1::HealthCheck::PROBE_NOT_SET) {
    out.Add(std::string(at), "has no probe; expected `http` or `tcp` (leave `health_check` out for none)");
  } else if (check.has_http()) {
    CheckHttpProbe(check.http(), out);
  }
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

void CheckFleet(const v1::FleetPolicy& fleet, Findings& out) {
  CheckEnum("spec.fleet", "verdicts", fleet.verdicts(), v1::FleetSwitch_descriptor(), out);
  CheckEnum("spec.fleet", "weights", fleet.weights(), v1::FleetSwitch_descriptor(), out);
  CheckCount("spec.fleet", "concurrency", fleet.concurrency(), config::kFleetConcurrency, out);
}

}  // namespace

void CheckUpstream(const v1::Upstream& upstream, Findings& out) {
  Addresses seen;
  const int count = CheckSize("spec", "backends", upstream.backends_size(), config::kMaxBackends, out);
  for (int i = 0; i < count; ++i) CheckBackend(i, upstream.backends(i), seen, out);
  CheckEnum("spec", "protocol", upstream.protocol(), v1::UpstreamProtocol_descriptor(), out);
  CheckEnum("spec", "balancer", upstream.balancer(), v1::Balancer_descriptor(), out);
  if (upstream.has_health_check()) CheckHealthCheck(upstream.health_check(), out);
  CheckBalancing(upstream, out);
  CheckFleet(upstream.fleet(), out);
  CheckResilience(upstream, out);
  CheckEnum("spec", "proxy_protocol", upstream.proxy_protocol(), v1::ProxyProtocolVersion_descriptor(), out);
  CheckPool(upstream.pool(), out);
  CheckWarmUp(upstream, out);
  CheckDiscovery(upstream, out);
  if (upstream.has_tls()) CheckUpstreamTls(upstream, out);
  CheckTime("spec", "connect_timeout", upstream.has_connect_timeout(), upstream.connect_timeout(), config::kConnectTimeout, out);
}

}  // namespace switchyard::controlplane::validation
