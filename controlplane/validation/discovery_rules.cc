#include "controlplane/validation/discovery_rules.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/base/endpoint.h"
#include "common/config/proto_duration.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

void CheckPort(const v1::DnsDiscovery& dns, Findings& out) {
  const std::string at = "spec.discovery.dns.port";
  if (dns.record() == v1::DNS_RECORD_SRV) {
    if (dns.port() != 0) out.Add(at, fmt::format("is {}, but SRV records give the port; leave it out", dns.port()));
  } else if (dns.port() == 0) {
    out.Add(at, "is missing or 0; expected the port of every backend, 1 to 65535");
  } else if (dns.port() > config::kMaxPort) {
    out.Add(at, fmt::format("is {}; expected 1 to {}", dns.port(), config::kMaxPort));
  }
}

void CheckName(const v1::DnsDiscovery& dns, Findings& out) {
  const Text name = dns.name();
  if (name.empty()) return out.Add("spec.discovery.dns.name", "is missing; expected a name to ask DNS for");
  const Text bare = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (!IsHostName(bare)) {
    out.Add("spec.discovery.dns.name", fmt::format("is {}; expected a DNS name such as api.example.com or _http._tcp.example.com", Quoted(name)));
  } else if (Endpoint::FromIp(bare, 0).ok()) {
    out.Add("spec.discovery.dns.name", fmt::format("is {}, an address; write it into `backends`", Quoted(name)));
  }
}

void CheckResolvers(const v1::DnsDiscovery& dns, Findings& out) {
  const Text at = "spec.discovery.dns";
  const int count = CheckSize(at, "resolvers", dns.resolvers_size(), config::kMaxResolvers, out);
  for (int i = 0; i < count; ++i) {
    const std::string& resolver = dns.resolvers(i);
    if (Endpoint::FromIp(resolver, 0).ok() || Endpoint::Parse(resolver).ok()) continue;
    out.Add(At(At(at, "resolvers"), i), fmt::format("is {}; expected IP or IP:port, such as 10.0.0.2 or [::1]:5353", Quoted(resolver)));
  }
}

void CheckDns(const v1::DnsDiscovery& dns, Findings& out) {
  const Text at = "spec.discovery.dns";
  CheckName(dns, out);
  CheckEnum(at, "record", dns.record(), v1::DnsRecord_descriptor(), out);
  CheckEnum(at, "family", dns.family(), v1::DnsFamily_descriptor(), out);
  CheckPort(dns, out);
  CheckTime(at, "min_ttl", dns.has_min_ttl(), dns.min_ttl(), config::kDnsMinTtl, out);
  CheckTime(at, "max_ttl", dns.has_max_ttl(), dns.max_ttl(), config::kDnsMaxTtl, out);
  CheckTime(at, "timeout", dns.has_timeout(), dns.timeout(), config::kDnsTimeout, out);
  const Duration max_ttl = config::FromProto(dns.max_ttl());
  if (dns.has_max_ttl() && max_ttl >= config::kDnsMaxTtl.min && max_ttl < config::DnsMinTtl(dns)) {
    out.Add(At(at, "max_ttl"), fmt::format("is {}, less than min_ttl, {}; raise it or lower min_ttl", FormatDuration(max_ttl),
                                           FormatDuration(config::DnsMinTtl(dns))));
  }
  CheckResolvers(dns, out);
}

void CheckFile(const v1::FileDiscovery& file, Findings& out) {
  const std::string at = "spec.discovery.file.path";
  const Text path = file.path();
  if (path.empty()) return out.Add(at, "is missing; expected the absolute path of a file on the agents' hosts");
  if (path.size() > config::kMaxFilePath) return out.Add(at, fmt::format("has {} characters; at most {} allowed", path.size(), config::kMaxFilePath));
  if (!path.starts_with('/') || path.find('\0') != Text::npos) out.Add(at, fmt::format("is {}; expected an absolute path", Quoted(path)));
}

// RFC 1123 label, which names of namespaces are; those of Services are a little narrower (RFC 1035), which the API server knows best.
bool IsLabel(Text name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > config::kMaxKubernetesName || !plain(name.front()) || !plain(name.back())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '-'; });
}

void CheckKubernetes(const v1::KubernetesDiscovery& kubernetes, Findings& out) {
  const Text at = "spec.discovery.kubernetes";
  if (!kubernetes.namespace_().empty() && !IsLabel(kubernetes.namespace_())) {
    out.Add(At(at, "namespace"), fmt::format("is {}; expected the name of a namespace, at most 63 of [a-z0-9-]", Quoted(kubernetes.namespace_())));
  }
  if (kubernetes.service().empty()) {
    out.Add(At(at, "service"), "is missing; expected the name of a Service");
  } else if (!IsLabel(kubernetes.service())) {
    out.Add(At(at, "service"), fmt::format("is {}; expected the name of a Service, at most 63 of [a-z0-9-]", Quoted(kubernetes.service())));
  }
  if (!kubernetes.port().empty() && !IsLabel(kubernetes.port())) {
    out.Add(At(at, "port"), fmt::format("is {}; expected the name of the Service's port or a number, 1 to 65535", Quoted(kubernetes.port())));
    return;
  }
  const std::string& port = kubernetes.port();
  const bool number = !port.empty() && std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number && (port.size() > 5 || std::stoul(port) == 0 || std::stoul(port) > config::kMaxPort)) {
    out.Add(At(at, "port"), fmt::format("is {}; expected 1 to {}", port, config::kMaxPort));
  }
}

}  // namespace

void CheckDiscovery(const v1::Upstream& upstream, Findings& out) {
  if (!upstream.has_discovery()) return;
  if (!upstream.backends().empty()) {
    out.Add("spec.backends", "has entries beside `discovery`, which finds the backends; leave one of the two out");
  }
  switch (upstream.discovery().source_case()) {
    case v1::Discovery::kDns:
      return CheckDns(upstream.discovery().dns(), out);
    case v1::Discovery::kFile:
      return CheckFile(upstream.discovery().file(), out);
    case v1::Discovery::kKubernetes:
      return CheckKubernetes(upstream.discovery().kubernetes(), out);
    case v1::Discovery::SOURCE_NOT_SET:
      break;
  }
  out.Add("spec.discovery", "has no source; expected `dns`, `file` or `kubernetes`");
}

}  // namespace switchyard::controlplane::validation
