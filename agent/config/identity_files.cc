#include "agent/config/identity_files.h"

#include <utility>

#include "agent/config/atomic_file.h"
#include "common/base/status.h"
#include "common/tls/certificate.h"
#include "common/tls/key_pair.h"
#include "common/tls/private_file.h"
#include "fmt/format.h"

namespace switchyard::agent::config {
namespace {

constexpr std::size_t kMaxFile = 64 * 1024;

std::string KeyPath(const std::string& directory) { return directory + "/key.pem"; }
std::string CertificatePath(const std::string& directory) { return directory + "/certificate.pem"; }
std::string CaPath(const std::string& directory) { return directory + "/ca.pem"; }

}  // namespace

absl::StatusOr<Identity> MakeIdentity(std::string key_pem, std::string certificate_pem, std::string ca_pem) {
  const absl::StatusOr<switchyard::tls::KeyPair> key = switchyard::tls::KeyPair::FromPem(key_pem);
  if (!key.ok()) return Annotate(key.status(), "agent's key");
  const absl::StatusOr<switchyard::tls::Certificate> leaf = switchyard::tls::Certificate::FromPem(certificate_pem);
  if (!leaf.ok()) return Annotate(leaf.status(), "agent's certificate");
  const absl::StatusOr<switchyard::tls::Certificate> ca = switchyard::tls::Certificate::FromPem(ca_pem);
  if (!ca.ok()) return Annotate(ca.status(), "controller's CA certificate");
  const absl::StatusOr<switchyard::tls::SpiffeId> holder = leaf->Spiffe();
  if (!holder.ok()) return Annotate(holder.status(), "agent's certificate");
  if (holder->role != switchyard::tls::Role::kAgent) {
    return absl::InvalidArgumentError(fmt::format("agent's certificate: it speaks for {}, which is not an agent", holder->ToString()));
  }
  if (leaf->PublicKeyDer() != key->PublicKeyDer()) return absl::InvalidArgumentError("agent's certificate is for another key");
  Identity identity;
  identity.key_pem = std::move(key_pem);
  identity.certificate_pem = std::move(certificate_pem);
  identity.ca_pem = std::move(ca_pem);
  identity.node = holder->name;
  identity.trust_domain = holder->trust_domain;
  identity.not_before = leaf->not_before();
  identity.not_after = leaf->not_after();
  return identity;
}

absl::StatusOr<Identity> LoadIdentity(const std::string& directory) {
  absl::StatusOr<std::string> certificate = ReadWholeFile(CertificatePath(directory), kMaxFile);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = switchyard::tls::ReadPrivateFile(KeyPath(directory), kMaxFile);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> ca = ReadWholeFile(CaPath(directory), kMaxFile);
  if (!ca.ok()) return ca.status();
  absl::StatusOr<Identity> identity = MakeIdentity(*std::move(key), *std::move(certificate), *std::move(ca));
  if (identity.ok()) return identity;
  return absl::FailedPreconditionError(fmt::format("{}: {}; remove certificate.pem there and start the agent with a new join token", directory,
                                                   Message(identity.status())));
}

absl::Status SaveIdentity(const std::string& directory, const Identity& identity) {
  if (absl::Status saved = WriteFileAtomically(KeyPath(directory), identity.key_pem, 0600); !saved.ok()) return saved;
  if (absl::Status saved = WriteFileAtomically(CaPath(directory), identity.ca_pem, 0644); !saved.ok()) return saved;
  return WriteFileAtomically(CertificatePath(directory), identity.certificate_pem, 0644);
}

absl::StatusOr<std::string> LoadOrMakeKey(const std::string& directory) {
  absl::StatusOr<std::string> there = switchyard::tls::ReadPrivateFile(KeyPath(directory), kMaxFile);
  if (there.ok() && switchyard::tls::KeyPair::FromPem(*there).ok()) return there;
  if (!there.ok() && !absl::IsNotFound(there.status())) return there;
  const absl::StatusOr<switchyard::tls::KeyPair> made = switchyard::tls::KeyPair::Generate();
  if (!made.ok()) return made.status();
  absl::StatusOr<std::string> pem = made->ToPem();
  if (!pem.ok()) return pem;
  if (absl::Status saved = WriteFileAtomically(KeyPath(directory), *pem, 0600); !saved.ok()) return saved;
  return pem;
}

}  // namespace switchyard::agent::config
