#include "agent/snapshot/tls_builder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "common/base/status.h"
#include "common/config/limits.h"
#include "common/config/resource_key.h"
#include "common/tls/sha256.h"

namespace switchyard::agent::snapshot {
namespace {

constexpr std::size_t kMaxStapleBytes = 64 * 1024;

v1::Violation Refusal(const v1::Resource& resource, std::string field, std::string_view reason) {
  v1::Violation violation;
  *violation.mutable_resource() = switchyard::config::KeyOf(resource);
  violation.set_field(std::move(field));
  violation.set_reason(std::string(reason));
  return violation;
}

tls::Version VersionOf(v1::TlsVersion version, tls::Version fallback) {
  if (version == v1::TLS_VERSION_1_2) return tls::Version::kTls12;
  if (version == v1::TLS_VERSION_1_3) return tls::Version::kTls13;
  return fallback;
}

std::vector<std::string> OffersTo(const v1::Upstream& upstream) {
  switch (config::Protocol(upstream)) {
    case v1::UPSTREAM_PROTOCOL_AUTO: return {"h2", "http/1.1"};
    case v1::UPSTREAM_PROTOCOL_HTTP2: return {"h2"};
    default: return {"http/1.1"};
  }
}

std::vector<std::string> AlpnOf(const v1::Listener& listener) {
  switch (config::Protocol(listener)) {
    case v1::LISTENER_PROTOCOL_HTTP1:
      return {"http/1.1"};
    case v1::LISTENER_PROTOCOL_HTTP2:
      return {"h2"};
    default:
      return {"h2", "http/1.1"};
  }
}

tls::ClientAuth AuthOf(const v1::ListenerTls& proto) {
  if (!proto.has_client_auth()) return tls::ClientAuth::kNone;
  return proto.client_auth().mode() == v1::CLIENT_AUTH_MODE_OPTIONAL ? tls::ClientAuth::kOptional : tls::ClientAuth::kRequired;
}

// One text of everything that a context is made from.
class Inputs {
 public:
  void Add(std::string_view text) {
    hash_.Update(fmt::format("{}:", text.size()));
    hash_.Update(text);
  }
  std::string Finish() { return hash_.Finish(); }

 private:
  switchyard::tls::Sha256Stream hash_;
};

}  // namespace

void TlsBuilder::Begin(const v1::Snapshot& snapshot) {
  secrets_.clear();
  staples_.clear();
  for (const v1::Resource& resource : snapshot.resources()) {
    if (resource.has_secret()) secrets_[resource.name()] = &resource.secret();
  }
  for (auto& [name, built] : servers_) built.asked = false;
  for (auto& [name, built] : clients_) built.asked = false;
}

void TlsBuilder::End() {
  secrets_.clear();
  std::erase_if(servers_, [](const auto& entry) { return !entry.second.asked; });
  std::erase_if(clients_, [](const auto& entry) { return !entry.second.asked; });
}

const v1::Secret* TlsBuilder::Find(const std::string& name) const {
  const auto at = secrets_.find(name);
  return at == secrets_.end() ? nullptr : at->second;
}

std::string TlsBuilder::SecretsOf(const v1::UpstreamTls& tls) const {
  Inputs inputs;
  bool any = false;
  for (const std::string* name : {&tls.ca(), &tls.certificate()}) {
    const v1::Secret* secret = Find(*name);
    any = any || secret != nullptr;
    if (secret != nullptr) inputs.Add(secret->SerializeAsString());
  }
  return any ? inputs.Finish() : std::string();
}

std::string TlsBuilder::StampOf(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return {};
  return fmt::format("{} {} {}.{}", facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
}

bool TlsBuilder::StaplesChanged() const {
  return std::any_of(staples_.begin(), staples_.end(), [](const auto& staple) { return StampOf(staple.first) != staple.second; });
}

std::string TlsBuilder::ReadStaple(const std::string& listener, const std::string& path) {
  if (path.empty()) return {};
  staples_[path] = StampOf(path);
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kMaxStapleBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  // DER: a SEQUENCE. Whether the response is good is for the client to judge.
  const bool usable = !bytes.empty() && bytes.size() <= kMaxStapleBytes && bytes[0] == 0x30;
  if (!usable) warnings_.push_back(fmt::format("listener {}: {} is no OCSP response that can be read; nothing is stapled", listener, path));
  return usable ? bytes : std::string();
}

std::shared_ptr<const tls::ServerContext> TlsBuilder::ForListener(const v1::Resource& resource, std::vector<v1::Violation>& violations) {
  const v1::ListenerTls& proto = resource.listener().tls();
  Built<tls::ServerContext>& built = servers_[resource.name()];
  built.asked = true;
  tls::ServerOptions options;
  Inputs inputs;
  options.scope = resource.name();
  options.alpn = AlpnOf(resource.listener());
  inputs.Add(proto.SerializeAsString());
  for (const std::string& protocol : options.alpn) inputs.Add(protocol);
  for (int i = 0; i < proto.certificates_size(); ++i) {
    const v1::ServedCertificate& served = proto.certificates(i);
    const v1::Secret* secret = Find(served.secret());
    if (secret == nullptr || !secret->has_certificate()) {
      violations.push_back(Refusal(resource, fmt::format("spec.tls.certificates[{}].secret", i), "did not come with the configuration"));
      return built.context;
    }
    options.certificates.push_back({secret->certificate().chain_pem(), secret->certificate().private_key_pem(),
                                    ReadStaple(resource.name(), served.ocsp_staple_file())});
    for (const std::string* text : {&options.certificates.back().chain_pem, &options.certificates.back().key_pem,
                                    &options.certificates.back().staple}) {
      inputs.Add(*text);
    }
  }
  options.strict_sni = proto.strict_sni();
  options.min_version = VersionOf(proto.min_version(), tls::Version::kTls12);
  options.max_version = VersionOf(proto.max_version(), tls::Version::kTls13);
  options.resumption = !proto.disable_resumption();
  options.client_auth = AuthOf(proto);
  options.client_names.assign(proto.client_auth().names().begin(), proto.client_auth().names().end());
  if (const v1::Secret* ca = Find(proto.client_auth().ca()); ca != nullptr) options.client_ca_pem = ca->ca().pem();
  inputs.Add(options.client_ca_pem);
  const std::string digest = inputs.Finish();
  if (built.context != nullptr && built.digest == digest) return built.context;
  auto context = tls::ServerContext::Build(options, tickets_);
  if (!context.ok()) {
    violations.push_back(Refusal(resource, "spec.tls", Message(context.status())));
    return built.context;
  }
  built.digest = digest;
  built.context = *std::move(context);
  return built.context;
}

std::shared_ptr<const tls::ClientContext> TlsBuilder::ForUpstream(const v1::Resource& resource, std::vector<v1::Violation>& violations) {
  const v1::UpstreamTls& proto = resource.upstream().tls();
  Built<tls::ClientContext>& built = clients_[resource.name()];
  built.asked = true;
  tls::ClientOptions options;
  options.server_name = proto.server_name();
  options.names.assign(proto.names().begin(), proto.names().end());
  options.pins.assign(proto.pins().begin(), proto.pins().end());
  options.insecure_skip_verify = proto.insecure_skip_verify();
  options.min_version = VersionOf(proto.min_version(), tls::Version::kTls12);
  options.max_version = VersionOf(proto.max_version(), tls::Version::kTls13);
  options.alpn = OffersTo(resource.upstream());
  options.resumption = !proto.disable_resumption();
  for (const auto& [name, field] : {std::pair(&proto.ca(), "spec.tls.ca"), std::pair(&proto.certificate(), "spec.tls.certificate")}) {
    if (name->empty() || Find(*name) != nullptr) continue;
    violations.push_back(Refusal(resource, field, "did not come with the configuration"));
    return built.context;
  }
  if (const v1::Secret* ca = Find(proto.ca()); ca != nullptr) options.ca_pem = ca->ca().pem();
  if (const v1::Secret* own = Find(proto.certificate()); own != nullptr) {
    options.chain_pem = own->certificate().chain_pem();
    options.key_pem = own->certificate().private_key_pem();
  }
  Inputs inputs;
  inputs.Add(proto.SerializeAsString());
  for (const std::string& protocol : options.alpn) inputs.Add(protocol);
  for (const std::string* text : {&options.ca_pem, &options.chain_pem, &options.key_pem}) inputs.Add(*text);
  const std::string digest = inputs.Finish();
  if (built.context != nullptr && built.digest == digest) return built.context;
  auto context = tls::ClientContext::Build(options, host_cas_);
  if (!context.ok()) {
    violations.push_back(Refusal(resource, "spec.tls", Message(context.status())));
    return built.context;
  }
  built.digest = digest;
  built.context = *std::move(context);
  return built.context;
}

}  // namespace switchyard::agent::snapshot
