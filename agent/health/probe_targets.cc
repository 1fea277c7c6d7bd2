#include "agent/health/probe_targets.h"

#include <algorithm>

#include "common/config/limits.h"

namespace switchyard::agent::health {
namespace {

void FillHttp(const v1::HttpProbe& probe, const std::string& address, ProbeSpec& spec) {
  spec.kind = ProbeSpec::Kind::kHttp;
  spec.path = switchyard::config::ProbePath(probe);
  spec.host = switchyard::config::ProbeHost(probe, address);
  spec.expected_statuses.assign(probe.expected_statuses().begin(), probe.expected_statuses().end());
  std::sort(spec.expected_statuses.begin(), spec.expected_statuses.end());
  spec.headers.assign(probe.headers().begin(), probe.headers().end());
  std::sort(spec.headers.begin(), spec.headers.end());
  spec.expected_text = probe.body_contains();
}

ProbeSpec SpecOf(const v1::HealthCheck& check, bool http2, const std::string& address) {
  ProbeSpec spec;
  spec.http2 = http2;
  spec.timeout = switchyard::config::ProbeTimeout(check);
  if (check.has_tcp()) {
    spec.send = check.tcp().send();
    spec.expected_text = check.tcp().expect();
  }
  if (check.has_grpc()) {
    spec.kind = ProbeSpec::Kind::kGrpc;
    spec.service = check.grpc().service();
    spec.host = switchyard::config::ProbeAuthority(check.grpc(), address);
  }
  if (check.has_http()) FillHttp(check.http(), address, spec);
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
    target.spec = SpecOf(check, switchyard::config::Protocol(upstream) == v1::UPSTREAM_PROTOCOL_HTTP2, backend.address());
    if (!IsSafe(target.spec.path) || !IsSafe(target.spec.host)) continue;
    target.interval = switchyard::config::ProbeInterval(check);
    target.suspicious_interval = switchyard::config::SuspiciousInterval(check);
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
