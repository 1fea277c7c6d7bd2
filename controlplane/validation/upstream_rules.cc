#include <map>
#include <string>

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/config/proto_duration.h"
#include "controlplane/validation/resource_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

// The canonical form of a backend's address, to compare by; empty when it is none.
std::string CheckAddress(const std::string& field, const std::string& address, FieldChecks& checks) {
  if (address.empty()) {
    checks.Fail(field, "is required: IP:port, such as 10.0.0.1:8080 or [::1]:8080");
    return {};
  }
  const auto endpoint = Endpoint::Parse(address);
  if (!endpoint.ok()) {
    checks.Fail(field, Message(endpoint.status()));
    return {};
  }
  if (endpoint->port() == 0) {
    checks.Fail(field, fmt::format("\"{}\" has port 0; expected 1-{}", address, config::kMaxPort));
    return {};
  }
  return endpoint->ToString();
}

void CheckBackend(const std::string& field, const v1::Backend& backend, FieldChecks& checks) {
  checks.Number(field + ".weight", backend.has_weight(), backend.weight(), config::kBackendWeight);
  checks.Length(field + ".zone", backend.zone(), config::kMaxZoneLength);
  if (const std::string problem = LineProblem(backend.zone()); !problem.empty()) checks.Fail(field + ".zone", problem);
  CheckLabels(field + ".labels", backend.labels(), config::kMaxLabels, checks);
  checks.Enum(field + ".state", backend.state(), *v1::BackendState_descriptor());
}

void CheckBackends(const v1::Upstream& upstream, FieldChecks& checks) {
  if (!checks.Size("spec.backends", static_cast<std::size_t>(upstream.backends_size()), config::kMaxBackends)) return;
  std::map<std::string, int> first;
  for (int i = 0; i < upstream.backends_size(); ++i) {
    const std::string field = fmt::format("spec.backends[{}]", i);
    const std::string address = CheckAddress(field + ".address", upstream.backends(i).address(), checks);
    if (!address.empty()) {
      const auto [it, is_new] = first.emplace(address, i);
      if (!is_new) checks.Fail(field + ".address", fmt::format("{} is also the address of spec.backends[{}]; keep one", address, it->second));
    }
    CheckBackend(field, upstream.backends(i), checks);
  }
}

void CheckHttpProbe(const v1::HttpProbe& probe, FieldChecks& checks) {
  if (!probe.path().empty()) {
    // A probe may ask with a query; its path is sent as it is.
    const std::string problem = PathProblem(std::string_view(probe.path()).substr(0, probe.path().find('?')));
    const std::string query_problem = LineProblem(probe.path());
    if (!problem.empty() || !query_problem.empty()) checks.Fail("spec.health_check.http.path", problem.empty() ? query_problem : problem);
    if (problem.empty() && probe.path().find(' ') != std::string::npos) checks.Fail("spec.health_check.http.path", "holds a space; percent-encode it");
  }
  checks.Length("spec.health_check.http.host", probe.host(), config::kMaxHostLength);
  const bool blank = probe.host().find_first_of(" \t/,@") != std::string::npos;
  if (blank || !HeaderValueProblem(probe.host()).empty()) {
    checks.Fail("spec.health_check.http.host", fmt::format("\"{}\" is no Host header; expected a name such as shop.example.com", probe.host()));
  }
  if (!checks.Size("spec.health_check.http.expected_statuses", static_cast<std::size_t>(probe.expected_statuses_size()), config::kMaxExpectedStatuses)) return;
  for (int i = 0; i < probe.expected_statuses_size(); ++i) {
    const std::uint32_t status = probe.expected_statuses(i);
    if (status >= config::kExpectedStatus.min && status <= config::kExpectedStatus.max) continue;
    checks.Fail(fmt::format("spec.health_check.http.expected_statuses[{}]", i), fmt::format("is {}; expected an HTTP status, 100-599", status));
  }
}

void CheckHealth(const v1::HealthCheck& health, FieldChecks& checks) {
  checks.Time("spec.health_check.interval", health.has_interval(), health.interval(), config::kProbeInterval);
  checks.Time("spec.health_check.timeout", health.has_timeout(), health.timeout(), config::kProbeTimeout);
  const Duration longest = config::ProbeInterval(health) * config::kMaxProbeTimeoutIntervals;
  const Duration timeout = config::FromProto(health.timeout());
  if (timeout > longest && timeout <= config::kProbeTimeout.max) {
    checks.Fail("spec.health_check.timeout", fmt::format("is more than {} intervals ({})", config::kMaxProbeTimeoutIntervals, FormatDuration(longest)));
  }
  checks.Number("spec.health_check.unhealthy_threshold", health.unhealthy_threshold(), config::kUnhealthyThreshold);
  checks.Number("spec.health_check.healthy_threshold", health.healthy_threshold(), config::kHealthyThreshold);
  if (health.probe_case() == v1::HealthCheck::PROBE_NOT_SET) checks.Fail("spec.health_check", "needs one of http, tcp");
  if (health.has_http()) CheckHttpProbe(health.http(), checks);
}

void CheckPool(const v1::Pool& pool, FieldChecks& checks) {
  checks.Number("spec.pool.max_connections_per_backend", pool.max_connections_per_backend(), config::kMaxConnectionsPerBackend);
  checks.Number("spec.pool.max_idle_per_backend", pool.has_max_idle_per_backend(), pool.max_idle_per_backend(), config::kMaxIdlePerBackend);
  const std::uint32_t connections = config::MaxConnectionsPerBackend(pool);
  if (pool.max_idle_per_backend() > connections && pool.max_idle_per_backend() <= config::kMaxIdlePerBackend.max) {
    checks.Fail("spec.pool.max_idle_per_backend",
                fmt::format("is {}, more than max_connections_per_backend ({})", pool.max_idle_per_backend(), connections));
  }
  checks.Time("spec.pool.idle_timeout", pool.has_idle_timeout(), pool.idle_timeout(), config::kPoolIdleTimeout);
  checks.Number("spec.pool.max_pending", pool.has_max_pending(), pool.max_pending(), config::kMaxPending);
  checks.Time("spec.pool.pending_timeout", pool.has_pending_timeout(), pool.pending_timeout(), config::kPendingTimeout);
}

}  // namespace

void CheckUpstream(const v1::Upstream& upstream, FieldChecks& checks) {
  CheckBackends(upstream, checks);
  checks.Enum("spec.balancer", upstream.balancer(), *v1::Balancer_descriptor());
  if (upstream.has_health_check()) CheckHealth(upstream.health_check(), checks);
  CheckPool(upstream.pool(), checks);
  checks.Time("spec.connect_timeout", upstream.has_connect_timeout(), upstream.connect_timeout(), config::kConnectTimeout);
}

}  // namespace switchyard::controlplane::validation
