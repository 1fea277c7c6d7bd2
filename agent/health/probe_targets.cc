#include "agent/health/probe_targets.h"

#include <algorithm>

#include "common/config/limits.h"

namespace switchyard::agent::health {
namespace {

ProbeSpec SpecOf(const v1::HealthCheck& check, const std::string& address) {
  ProbeSpec spec;
  spec.timeout = switchyard::config::ProbeTimeout(check);
  if (!check.has_http()) return spec;
  spec.http = true;
  spec.path = switchyard::config::ProbePath(check.http());
  spec.host = switchyard::config::ProbeHost(check.http(), address);
  spec.expected_statuses.assign(check.http().expected_statuses().begin(), check.http().expected_statuses().end());
  std::sort(spec.expected_statuses.begin(), spec.expected_statuses.end());
  return spec;
}

// What would break the probe's own request. Validation refuses it too.
bool IsSafe(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
}

void AddUpstream(const std::string& name, const v1::Upstream& upstream, std::map<BackendKey, ProbeTarget>& out) {
  const v1::HealthCheck& check = upstream.health_check();
  if (check.probe_case() == v1::HealthCheck::PROBE_NOT_SET) return;
  for (const v1::Backend& backend : upstream.backends()) {
    if (backend.state() == v1::BACKEND_STATE_DISABLED) continue;
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(backend.address());
    if (!endpoint.ok()) continue;
    ProbeTarget target;
    target.endpoint = *endpoint;
    target.spec = SpecOf(check, backend.address());
    if (!IsSafe(target.spec.path) || !IsSafe(target.spec.host)) continue;
    target.interval = switchyard::config::ProbeInterval(check);
    target.thresholds.unhealthy = switchyard::config::UnhealthyThreshold(check);
    target.thresholds.healthy = switchyard::config::HealthyThreshold(check);
    out.emplace(BackendKey(name, backend.address()), std::move(target));
  }
}

}  // namespace

bool ProbeSpec::Expects(std::uint32_t status) const {
  if (expected_statuses.empty()) return status >= 200 && status <= 299;
  return std::binary_search(expected_statuses.begin(), expected_statuses.end(), status);
}

std::map<BackendKey, ProbeTarget> ProbeTargetsOf(const v1::Snapshot& snapshot) {
  std::map<BackendKey, ProbeTarget> out;
  for (const v1::Resource& resource : snapshot.resources()) {
    if (resource.has_upstream()) AddUpstream(resource.name(), resource.upstream(), out);
  }
  return out;
}

}  // namespace switchyard::agent::health
