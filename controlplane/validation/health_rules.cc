#include "controlplane/validation/health_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/base/duration.h"
#include "common/config/proto_duration.h"
#include "controlplane/validation/match_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

constexpr std::array<Text, 9> kOwnHeaders = {"host",    "connection",        "content-length", "transfer-encoding", "upgrade",
                                             "te",      "keep-alive",        "expect",         "proxy-connection"};

void CheckAuthority(std::string field, Text host, Findings& out) {
  const Text name = host.substr(0, host.ends_with(']') ? Text::npos : host.rfind(':'));
  const Text port = host.substr(name.size());
  const bool port_ok = port.empty() || (port.size() >= 2 && port.size() <= 6 && port.find_first_not_of("0123456789", 1) == Text::npos);
  if (host.empty() || (port_ok && (IsHostName(name) || IsBracketedV6(name)))) return;
  out.Add(std::move(field), fmt::format("is {}; expected a host name or IP literal, with or without port", Quoted(host)));
}

void CheckText(std::string field, Text text, std::size_t most, Findings& out) {
  if (text.size() > most) out.Add(std::move(field), fmt::format("has {} bytes; at most {} allowed", text.size(), most));
}

// Fields that say how the request is framed or where it goes are the probe's own.
void CheckProbeHeaders(const v1::HttpProbe& probe, Findings& out) {
  const std::string at = "spec.health_check.http.headers";
  if (probe.headers().size() > config::kMaxProbeHeaders) {
    return out.Add(at, fmt::format("has {} entries; at most {} allowed", probe.headers().size(), config::kMaxProbeHeaders));
  }
  for (const auto& [name, value] : probe.headers()) {
    const std::string field = fmt::format("{}[{}]", at, name);
    std::string lower(name.size(), ' ');
    std::transform(name.begin(), name.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    CheckHeaderName(field, name, out);
    CheckHeaderValue(field, value, out);
    if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), lower) == kOwnHeaders.end()) continue;
    out.Add(field, "is set by the probe itself; leave it out (`host` has a field of its own)");
  }
}

void CheckTcpProbe(const v1::TcpProbe& probe, Findings& out) {
  CheckText("spec.health_check.tcp.send", probe.send(), config::kMaxProbeText, out);
  CheckText("spec.health_check.tcp.expect", probe.expect(), config::kMaxProbeText, out);
  if (!probe.send().empty() && probe.expect().empty()) {
    out.Add("spec.health_check.tcp.expect", "is missing: nothing would be learnt from what is sent; say what must come back, or leave `send` out");
  }
}

void CheckGrpcProbe(const v1::Upstream& upstream, Findings& out) {
  const v1::GrpcProbe& probe = upstream.health_check().grpc();
  CheckText("spec.health_check.grpc.service", probe.service(), config::kMaxProbeService, out);
  CheckAuthority("spec.health_check.grpc.authority", probe.authority(), out);
  if (upstream.has_tls() && config::Protocol(upstream) == v1::UPSTREAM_PROTOCOL_HTTP1) {
    out.Add("spec.health_check.grpc", "needs HTTP/2, but `spec.protocol` lets TLS agree on HTTP/1.1 only; set it to HTTP2 or AUTO");
  }
}

void CheckSuspicious(const v1::HealthCheck& check, Findings& out) {
  const Text at = "spec.health_check";
  CheckTime(at, "suspicious_interval", check.has_suspicious_interval(), check.suspicious_interval(), config::kSuspiciousInterval, out);
  if (!check.has_suspicious_interval() || config::FromProto(check.suspicious_interval()) <= config::ProbeInterval(check)) return;
  out.Add(At(at, "suspicious_interval"), fmt::format("is longer than the interval, {}; shorten it or leave it out",
                                                     FormatDuration(config::ProbeInterval(check))));
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
  CheckAuthority(At(at, "host"), probe.host(), out);
  const int count = CheckSize(at, "expected_statuses", probe.expected_statuses_size(), config::kMaxExpectedStatuses, out);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t status = probe.expected_statuses(i);
    if (status >= config::kExpectedStatus.min && status <= config::kExpectedStatus.max) continue;
    out.Add(At(At(at, "expected_statuses"), i),
            fmt::format("is {}; expected an HTTP status from {} to {}", status, config::kExpectedStatus.min, config::kExpectedStatus.max));
  }
  CheckText(At(at, "body_contains"), probe.body_contains(), config::kMaxProbeText, out);
  CheckProbeHeaders(probe, out);
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

}  // namespace

void CheckHealthCheck(const v1::Upstream& upstream, Findings& out) {
  const v1::HealthCheck& check = upstream.health_check();
  const Text at = "spec.health_check";
  CheckTime(at, "interval", check.has_interval(), check.interval(), config::kProbeInterval, out);
  CheckSuspicious(check, out);
  CheckProbeTimeout(check, out);
  CheckCount(at, "unhealthy_threshold", check.unhealthy_threshold(), config::kUnhealthyThreshold, out);
  CheckCount(at, "healthy_threshold", check.healthy_threshold(), config::kHealthyThreshold, out);
  CheckOptional(at, "shared_by", check.has_shared_by(), check.shared_by(), config::kProbesSharedBy, out);
  if (check.probe_case() == v1::HealthCheck::PROBE_NOT_SET) {
    out.Add(std::string(at), "has no probe; expected `http`, `grpc` or `tcp` (leave `health_check` out for none)");
  } else if (check.has_http()) {
    CheckHttpProbe(check.http(), out);
  } else if (check.has_grpc()) {
    CheckGrpcProbe(upstream, out);
  } else {
    CheckTcpProbe(check.tcp(), out);
  }
}

}  // namespace switchyard::controlplane::validation
