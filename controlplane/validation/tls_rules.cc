#include "controlplane/validation/tls_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "common/base/duration.h"
#include "common/base/endpoint.h"
#include "common/config/resource_key.h"
#include "common/tls/certificate_facts.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

void CheckSecretName(std::string field, const std::string& name, bool required, Findings& out) {
  if (name.empty()) {
    if (required) out.Add(std::move(field), "is missing; expected the name of a Secret");
    return;
  }
  if (!IsResourceName(name)) out.Add(std::move(field), fmt::format("is {}, which is no name of a Secret", Quoted(name)));
}

void CheckVersions(v1::TlsVersion min_version, v1::TlsVersion max_version, Findings& out) {
  CheckEnum("spec.tls", "min_version", min_version, v1::TlsVersion_descriptor(), out);
  CheckEnum("spec.tls", "max_version", max_version, v1::TlsVersion_descriptor(), out);
  if (min_version == v1::TLS_VERSION_1_3 && max_version == v1::TLS_VERSION_1_2) {
    out.Add("spec.tls.max_version", "is 1_2, below min_version, 1_3; raise it or leave it out");
  }
}

bool IsSubjectName(std::string_view name) {
  constexpr std::array<std::string_view, 4> kKinds = {"DNS:", "URI:", "EMAIL:", "IP:"};
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](std::string_view each) { return name.starts_with(each); });
  if (kind == kKinds.end() || name.size() == kind->size() || name.size() > config::kMaxSubjectNameLength) return false;
  const std::size_t star = name.find('*');
  // A star at the very front would accept everything of the kind: that is what leaving the list empty is for.
  if (star != std::string_view::npos && (star != name.size() - 1 || star == kind->size()) && *kind != "DNS:") return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void CheckSubjectNames(Text at, const google::protobuf::RepeatedPtrField<std::string>& names, Findings& out) {
  const int count = CheckSize(at, "names", names.size(), config::kMaxSubjectNames, out);
  for (int i = 0; i < count; ++i) {
    if (IsSubjectName(names[i])) continue;
    out.Add(At(At(at, "names"), i),
            fmt::format("is {}; expected DNS:name, URI:uri, EMAIL:address or IP:address, perhaps with a * at the end", Quoted(names[i])));
  }
}

void CheckClientAuth(const v1::ClientAuth& auth, Findings& out) {
  const Text at = "spec.tls.client_auth";
  CheckEnum(at, "mode", auth.mode(), v1::ClientAuthMode_descriptor(), out);
  CheckSecretName(At(at, "ca"), auth.ca(), /*required=*/true, out);
  CheckSubjectNames(at, auth.names(), out);
}

void CheckServed(const v1::ListenerTls& tls, Findings& out) {
  if (tls.certificates().empty()) out.Add("spec.tls.certificates", "is empty; expected at least one certificate to show");
  const int count = CheckSize("spec.tls", "certificates", tls.certificates_size(), config::kMaxServedCertificates, out);
  std::set<std::string_view> seen;
  for (int i = 0; i < count; ++i) {
    const v1::ServedCertificate& served = tls.certificates(i);
    const std::string at = At("spec.tls.certificates", i);
    CheckSecretName(At(at, "secret"), served.secret(), /*required=*/true, out);
    if (!served.secret().empty() && !seen.insert(served.secret()).second) {
      out.Add(At(at, "secret"), fmt::format("is {}, which stands further up too; name each once", Quoted(served.secret())));
    }
    if (!served.ocsp_staple_file().empty() && served.ocsp_staple_file().front() != '/') {
      out.Add(At(at, "ocsp_staple_file"), fmt::format("is {}; expected an absolute path on the agent's host", Quoted(served.ocsp_staple_file())));
    }
  }
}

// Backends are given by address, so nothing but the operator says whose certificate is right.
void CheckServerName(const v1::Upstream& upstream, Findings& out) {
  const v1::UpstreamTls& tls = upstream.tls();
  const std::string& name = tls.server_name();
  const bool told = !tls.names().empty() || !tls.pins().empty() || tls.insecure_skip_verify();
  if (name.empty()) {
    if (told || upstream.backends().empty()) return;
    return out.Add("spec.tls.server_name",
                   "is missing; backends are IP addresses, so state the name that their certificates hold (or names, or pins)");
  }
  if (IsHostName(name) || Endpoint::FromIp(name, 0).ok()) return;
  out.Add("spec.tls.server_name", fmt::format("is {}; expected a host name without port, or an IP address", Quoted(name)));
}

}  // namespace

void CheckListenerTls(const v1::ListenerTls& tls, Findings& out) {
  CheckServed(tls, out);
  CheckVersions(tls.min_version(), tls.max_version(), out);
  if (tls.has_client_auth()) CheckClientAuth(tls.client_auth(), out);
  CheckCount("spec.tls", "max_handshakes", tls.max_handshakes(), config::kMaxHandshakes, out);
}

void CheckUpstreamTls(const v1::Upstream& upstream, Findings& out) {
  const v1::UpstreamTls& tls = upstream.tls();
  CheckServerName(upstream, out);
  CheckSecretName("spec.tls.ca", tls.ca(), /*required=*/false, out);
  CheckSecretName("spec.tls.certificate", tls.certificate(), /*required=*/false, out);
  CheckSubjectNames("spec.tls", tls.names(), out);
  const int pins = CheckSize("spec.tls", "pins", tls.pins_size(), config::kMaxPins, out);
  for (int i = 0; i < pins; ++i) {
    if (switchyard::tls::IsPin(tls.pins(i))) continue;
    out.Add(At("spec.tls.pins", i), fmt::format("is {}; expected sha256// and the base64 of a SHA-256, as `facts.pin` of a Secret shows",
                                                Quoted(tls.pins(i))));
  }
  CheckVersions(tls.min_version(), tls.max_version(), out);
  CheckTime("spec.tls", "handshake_timeout", tls.has_handshake_timeout(), tls.handshake_timeout(), config::kTlsHandshakeTimeout, out);
}

void AddTlsWarnings(const v1::Resource& resource, WallTime now, config::ViolationList& out) {
  const v1::ResourceKey key = config::KeyOf(resource);
  if (resource.upstream().tls().insecure_skip_verify()) {
    out.Add(key, "spec.tls.insecure_skip_verify", "is set: whoever is on the path to the backends can read and change the traffic");
  }
  if (!resource.secret().has_certificate()) return;
  const auto chain = switchyard::tls::Certificate::ChainFromPem(resource.secret().certificate().chain_pem());
  if (!chain.ok()) return;
  for (const switchyard::tls::Certificate& certificate : *chain) {
    const Duration left = certificate.not_after() - now;
    if (left >= kExpiresSoon) continue;
    return out.Add(key, "spec.certificate.chain_pem", fmt::format("ends in {}", FormatDurationRounded(std::max(left, Duration::zero()))));
  }
}

}  // namespace switchyard::controlplane::validation
