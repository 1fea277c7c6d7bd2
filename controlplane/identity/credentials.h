// Credentials of people and programs: made with a role, listed, and ended before their time.
//
// The controller keeps no key: a credential's private key is in the answer that made it, and nowhere else. What is kept is a record of
// name, role and end, by which a credential can be revoked; the Gate and the dashboard's sessions ask `Revoked` at every call.
// The controller's own `admin.credential` (see authority.h) has no record and cannot be revoked: remove the file and rename the CA for that.
//
// Thread-safety: every method from any thread. Cost: `Revoked` is a look-up in memory; the others read or write the store.
// Bounds: kMaxCredentials whose life has not ended; beyond: RESOURCE_EXHAUSTED. Records whose life has ended go when room is needed.
// Errors: INVALID_ARGUMENT (name, role, ttl), NOT_FOUND (revoking an unknown one), the store's.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/spiffe_id.h"
#include "controlplane/identity/authority.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/access.pb.h"

namespace switchyard::controlplane::identity {

inline constexpr std::size_t kMaxCredentials = 1000;

v1::AccessRole ToAccessRole(tls::Role role);

class Credentials {
 public:
  // All must outlive it.
  Credentials(const Authority& authority, store::Store& store, const Clock& clock);

  // Reads which are revoked. Call once, before anyone is let in.
  absl::Status Load();
  // What new credential files dial: host:port.
  void SetAddress(std::string address);

  absl::StatusOr<v1::CreateCredentialResponse> Create(const v1::CreateCredentialRequest& request, std::string_view created_by);
  absl::StatusOr<v1::ListCredentialsResponse> List() const;
  absl::Status Revoke(std::string_view id);
  // `fingerprint`: SHA-256 of the certificate's DER form, raw.
  bool Revoked(std::string_view fingerprint) const;

 private:
  absl::Status MakeRoom();

  const Authority& authority_;
  store::Store& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::string address_;
  // Fingerprints.
  std::set<std::string, std::less<>> revoked_;
};

}  // namespace switchyard::controlplane::identity
