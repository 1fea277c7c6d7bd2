// Authority: the fleet's own certificate authority, made on the first start of the controller. No manual step.
//
// Files in its directory, each mode 0600 and replaced atomically: `ca.key` (ECDSA P-256), `ca.pem` (self-signed, 10 years), and
// `server/` with the controller's own leaf and key. Deleting `ca.key` and `ca.pem` ends the trust of every agent and credential: all must
// enrol again. Nothing here is ever in the store, in a log or on the wire, apart from certificates.
//
// Lives: server leaf 30 days, reissued at every start and by `RotateServerLeaf` (call it once a day); agent leaf 24 h; admin credential
// one year, renewed at start when less than a third is left. A leaf begins 5 minutes early, so that hosts whose clocks are a little behind
// accept it, and never outlives the CA. Names: `spiffe://<trust domain>/{controller|agent|admin}/<name>`.
//
// Thread-safety: every method from any thread (issuing is pure; writing files is serialised by a lock).
// Errors: as common/tls/private_file.h for files; FAILED_PRECONDITION for a CA that has expired, is not ours or does not fit its key, with
// the remedy.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/certificate.h"
#include "common/tls/issue.h"
#include "common/tls/key_pair.h"

namespace switchyard::controlplane::identity {

struct AuthorityOptions {
  // Whether a CA may be made when there is none. False: FAILED_PRECONDITION, because agents trust the one that is missing.
  bool first_start = true;
  // Of a CA yet to be made. An existing CA keeps its own.
  std::string trust_domain = "switchyard";
  Duration ca_life = std::chrono::hours(24 * 3650);
  Duration server_life = std::chrono::hours(24 * 30);
  Duration agent_life = std::chrono::hours(24);
  Duration admin_life = std::chrono::hours(24 * 365);
};

// A key and its certificate, leaf first.
struct IssuedIdentity {
  std::string certificate_pem;
  std::string key_pem;
  WallTime not_after;
};

class Authority {
 public:
  // Opens the CA in `directory`, or makes one there. `clock` must outlive the authority.
  static absl::StatusOr<std::unique_ptr<Authority>> Open(const std::string& directory, AuthorityOptions options, const Clock& clock);

  const tls::Certificate& ca() const { return ca_; }
  const std::string& ca_pem() const { return ca_pem_; }
  // SHA-256 of the CA's DER form, 32 raw bytes: the pin in join tokens.
  const std::string& ca_fingerprint() const { return ca_fingerprint_; }
  const std::string& trust_domain() const { return trust_domain_; }

  // A client certificate for an agent's key (SubjectPublicKeyInfo, DER). REQUIRES: ValidIdentityName(node).
  absl::StatusOr<tls::Certificate> IssueAgent(std::string_view public_key_der, std::string_view node) const;
  // A fresh key and client certificate for a person or program. REQUIRES: ValidIdentityName(name).
  absl::StatusOr<IssuedIdentity> IssueAdmin(std::string_view name) const;
  // The same for any role of people (AccessLevel > 0) and life.
  absl::StatusOr<IssuedIdentity> IssuePerson(tls::Role role, std::string_view name, Duration life) const;

  // Makes the credential file, or keeps it when it is of this CA, names this address and has more than a third of its life left.
  // Returns true when the file was written.
  absl::StatusOr<bool> EnsureAdminCredential(const std::string& path, const std::string& address, std::string_view name) const;

  // Where gRPC's certificate provider reads the controller's leaf (with the CA behind it, so that agents can pin) and key.
  std::string server_certificate_path() const { return directory_ + "/server/current/certificate.pem"; }
  std::string server_key_path() const { return directory_ + "/server/current/key.pem"; }
  // Puts a fresh leaf and key in those places, both at one point in time. New connections use it within seconds; open ones stay.
  absl::Status RotateServerLeaf();
  WallTime server_leaf_not_after() const;

 private:
  Authority(std::string directory, AuthorityOptions options, const Clock& clock, tls::KeyPair key, tls::Certificate ca);
  tls::CertificateTemplate Form(tls::Role role, std::string_view name, Duration life) const;
  absl::StatusOr<IssuedIdentity> IssueWithKey(const tls::CertificateTemplate& form) const;

  const std::string directory_;
  const AuthorityOptions options_;
  const Clock& clock_;
  const tls::KeyPair key_;
  const tls::Certificate ca_;
  const std::string ca_pem_;
  const std::string ca_fingerprint_;
  const std::string trust_domain_;
  mutable std::mutex mutex_;
  WallTime server_not_after_;
};

}  // namespace switchyard::controlplane::identity
