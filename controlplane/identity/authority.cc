#include "controlplane/identity/authority.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/rpc/credential_file.h"
#include "common/tls/issue.h"
#include "common/tls/private_file.h"

namespace switchyard::controlplane::identity {
namespace {

using tls::Role;

// A leaf begins this much early, for hosts whose clocks are behind.
constexpr Duration kSkew = std::chrono::minutes(5);
constexpr std::string_view kCaKeyFile = "/ca.key";
constexpr std::string_view kCaFile = "/ca.pem";
constexpr std::string_view kControllerName = "main";

WallTime WholeSeconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

struct StoredCa {
  tls::KeyPair key;
  tls::Certificate certificate;
};

absl::StatusOr<StoredCa> MakeCa(const std::string& directory, const AuthorityOptions& options, const Clock& clock) {
  auto key = tls::KeyPair::Generate();
  if (!key.ok()) return key.status();
  const WallTime now = WholeSeconds(clock.WallNow());
  tls::CertificateTemplate form;
  form.common_name = "Switchyard CA";
  form.spiffe = {options.trust_domain, Role::kAuthority, ""};
  form.not_before = now - kSkew;
  form.not_after = now + options.ca_life;
  auto certificate = tls::SelfSign(form, *key);
  if (!certificate.ok()) return certificate.status();
  auto key_pem = key->ToPem();
  if (!key_pem.ok()) return key_pem.status();
  // The key first: a crash between the two leaves a key without a certificate, which the next start replaces.
  if (auto written = tls::WritePrivateFile(directory + std::string(kCaKeyFile), *key_pem); !written.ok()) return written;
  if (auto written = tls::WritePrivateFile(directory + std::string(kCaFile), certificate->ToPem()); !written.ok()) return written;
  return StoredCa{std::move(*key), std::move(*certificate)};
}

absl::Status CheckCa(const StoredCa& ca, const std::string& directory, const Clock& clock) {
  const auto refuse = [&](std::string_view what) {
    return absl::FailedPreconditionError(fmt::format(
        "the certificate authority in {} {}; restore ca.key and ca.pem from a backup, or remove both to make a new one (every agent and "
        "credential must then enrol again)",
        directory, what));
  };
  if (ca.key.PublicKeyDer() != ca.certificate.PublicKeyDer()) return refuse("has a key that does not fit its certificate");
  const auto spiffe = ca.certificate.Spiffe();
  if (!ca.certificate.is_ca() || !spiffe.ok() || spiffe->role != Role::kAuthority) return refuse("is not one that Switchyard made");
  if (clock.WallNow() > ca.certificate.not_after()) return refuse("has expired");
  return absl::OkStatus();
}

// NOT_FOUND when there is no certificate yet.
absl::StatusOr<StoredCa> LoadCa(const std::string& directory) {
  auto pem = tls::ReadPrivateFile(directory + std::string(kCaFile), tls::kMaxPemBytes);
  if (!pem.ok()) return pem.status();
  auto key_pem = tls::ReadPrivateFile(directory + std::string(kCaKeyFile), tls::kMaxPemBytes);
  if (!key_pem.ok()) {
    // A certificate without its key is not a first start.
    return absl::FailedPreconditionError(
        fmt::format("{} has ca.pem but its key cannot be read ({}); restore ca.key from a backup", directory, Message(key_pem.status())));
  }
  auto certificate = tls::Certificate::FromPem(*pem);
  if (!certificate.ok()) return absl::FailedPreconditionError(fmt::format("{}{}: {}", directory, kCaFile, Message(certificate.status())));
  auto key = tls::KeyPair::FromPem(*key_pem);
  if (!key.ok()) return absl::FailedPreconditionError(fmt::format("{}{}: {}", directory, kCaKeyFile, Message(key.status())));
  return StoredCa{std::move(*key), std::move(*certificate)};
}

// Points `directory`/current at `generation`, at one point in time.
absl::Status SwitchCurrent(const std::string& directory, const std::string& generation) {
  const std::string draft = fmt::format("{}/current.{}.tmp", directory, SecureHex(8));
  if (::symlink(generation.c_str(), draft.c_str()) != 0 || ::rename(draft.c_str(), (directory + "/current").c_str()) != 0) {
    const int error = errno;
    ::unlink(draft.c_str());
    return absl::UnavailableError(fmt::format("cannot replace {}/current: {}", directory, std::generic_category().message(error)));
  }
  return absl::OkStatus();
}

// Everything but `keep` and the link itself: earlier leaves, and drafts of a crash. Failing to tidy is no failure.
void RemoveOthers(const std::string& directory, const std::string& keep) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name != keep && name != "current") std::filesystem::remove_all(entry.path(), error);
  }
}

bool StillGood(const rpc::Credential& credential, const std::string& address, const tls::Certificate& ca, WallTime now) {
  if (credential.address != address || credential.server_name != rpc::kControllerServerName) return false;
  const auto pinned = tls::Certificate::FromPem(credential.ca_pem);
  const auto leaf = tls::Certificate::FromPem(credential.certificate_pem);
  if (!pinned.ok() || !leaf.ok() || pinned->Fingerprint() != ca.Fingerprint()) return false;
  return tls::Verify(*leaf, ca, tls::Usage::kClient, now) == tls::Trust::kTrusted && now < tls::RenewalTime(*leaf);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authority>> Authority::Open(const std::string& directory, AuthorityOptions options, const Clock& clock) {
  if (!tls::ValidTrustDomain(options.trust_domain)) return absl::InvalidArgumentError("trust domain: expected 1-255 of [a-z0-9._-]");
  if (auto made = tls::MakePrivateDirectory(directory); !made.ok()) return made;
  auto ca = LoadCa(directory);
  if (absl::IsNotFound(ca.status()) && !options.first_start) {
    return absl::FailedPreconditionError(
        fmt::format("the store has a past, but {}{} is missing: every agent trusts that authority; restore it and its key from a backup, or "
                    "start once with --new-authority and enrol every agent again",
                    directory, kCaFile));
  }
  if (absl::IsNotFound(ca.status())) ca = MakeCa(directory, options, clock);
  if (!ca.ok()) return ca.status();
  if (auto fit = CheckCa(*ca, directory, clock); !fit.ok()) return fit;
  std::unique_ptr<Authority> out(new Authority(directory, std::move(options), clock, std::move(ca->key), std::move(ca->certificate)));
  if (auto rotated = out->RotateServerLeaf(); !rotated.ok()) return rotated;
  return out;
}

Authority::Authority(std::string directory, AuthorityOptions options, const Clock& clock, tls::KeyPair key, tls::Certificate ca)
    : directory_(std::move(directory)),
      options_(std::move(options)),
      clock_(clock),
      key_(std::move(key)),
      ca_(std::move(ca)),
      ca_pem_(ca_.ToPem()),
      ca_fingerprint_(ca_.Fingerprint()),
      trust_domain_(ca_.Spiffe()->trust_domain) {}

tls::CertificateTemplate Authority::Form(tls::Role role, std::string_view name, Duration life) const {
  const WallTime now = WholeSeconds(clock_.WallNow());
  tls::CertificateTemplate form;
  form.common_name = std::string(name);
  form.spiffe = {trust_domain_, role, std::string(name)};
  // The CA itself may be younger than the allowance for skew.
  form.not_before = std::max(now - kSkew, std::min(now, ca_.not_before()));
  form.not_after = now + life;
  return form;
}

absl::StatusOr<tls::Certificate> Authority::IssueAgent(std::string_view public_key_der, std::string_view node) const {
  return tls::Issue(Form(Role::kAgent, node, options_.agent_life), public_key_der, ca_, key_);
}

absl::StatusOr<IssuedIdentity> Authority::IssueWithKey(const tls::CertificateTemplate& form) const {
  auto key = tls::KeyPair::Generate();
  if (!key.ok()) return key.status();
  auto key_pem = key->ToPem();
  if (!key_pem.ok()) return key_pem.status();
  auto leaf = tls::Issue(form, key->PublicKeyDer(), ca_, key_);
  if (!leaf.ok()) return leaf.status();
  return IssuedIdentity{leaf->ToPem(), std::move(*key_pem), leaf->not_after()};
}

absl::StatusOr<IssuedIdentity> Authority::IssueAdmin(std::string_view name) const {
  return IssueWithKey(Form(Role::kAdmin, name, options_.admin_life));
}

absl::StatusOr<IssuedIdentity> Authority::IssuePerson(tls::Role role, std::string_view name, Duration life) const {
  return IssueWithKey(Form(role, name, life));
}

absl::StatusOr<bool> Authority::EnsureAdminCredential(const std::string& path, const std::string& address, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto present = rpc::LoadCredential(path);
  if (present.ok() && StillGood(*present, address, ca_, clock_.WallNow())) return false;
  auto issued = IssueAdmin(name);
  if (!issued.ok()) return issued.status();
  rpc::Credential credential;
  credential.address = address;
  credential.ca_pem = ca_pem_;
  credential.certificate_pem = std::move(issued->certificate_pem);
  credential.key_pem = std::move(issued->key_pem);
  if (auto saved = rpc::SaveCredential(path, credential); !saved.ok()) return saved;
  return true;
}

absl::Status Authority::RotateServerLeaf() {
  const std::lock_guard lock(mutex_);
  tls::CertificateTemplate form = Form(Role::kController, kControllerName, options_.server_life);
  form.usage = tls::Usage::kServer;
  form.dns_names = {std::string(rpc::kControllerServerName), "localhost"};
  form.ip_addresses = {"127.0.0.1", "::1"};
  auto issued = IssueWithKey(form);
  if (!issued.ok()) return issued.status();
  const std::string server = directory_ + "/server";
  const std::string generation = "leaf-" + SecureHex(8);
  const std::string files = server + "/" + generation;
  if (auto made = tls::MakePrivateDirectory(server); !made.ok()) return made;
  if (auto made = tls::MakePrivateDirectory(files); !made.ok()) return made;
  if (auto written = tls::WritePrivateFile(files + "/key.pem", issued->key_pem); !written.ok()) return written;
  if (auto written = tls::WritePrivateFile(files + "/certificate.pem", issued->certificate_pem + ca_pem_); !written.ok()) return written;
  if (auto switched = SwitchCurrent(server, generation); !switched.ok()) return switched;
  RemoveOthers(server, generation);
  server_not_after_ = issued->not_after;
  return absl::OkStatus();
}

WallTime Authority::server_leaf_not_after() const {
  const std::lock_guard lock(mutex_);
  return server_not_after_;
}

}  // namespace switchyard::controlplane::identity
