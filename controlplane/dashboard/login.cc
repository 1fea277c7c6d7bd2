#include "controlplane/dashboard/login.h"

#include <fmt/format.h>

#include "common/stats/gcra.h"
#include "common/tls/sha256.h"
#include "common/tls/signature.h"

namespace switchyard::controlplane::dashboard {
namespace {

absl::Status Refused(std::string_view why) { return absl::UnauthenticatedError(std::string(why)); }

}  // namespace

absl::Status Login::Admit() {
  const auto gcra = stats::Gcra::Of(kLoginsPerSecond, Duration(std::chrono::seconds(1)).count(), kLoginBurst);
  const std::lock_guard lock(mutex_);
  const auto decision = gcra.Decide(due_, clock_.Now().time_since_epoch().count());
  due_ = decision.next;
  return decision.admitted ? absl::OkStatus() : absl::ResourceExhaustedError("too many logins at once; wait a moment");
}

absl::StatusOr<Sessions::Begun> Login::Begin(const Form& form) {
  if (auto admitted = Admit(); !admitted.ok()) return admitted;
  const std::string_view code = FieldOf(form, "code");
  auto who = code.empty() ? BySignature(form) : ByCode(code);
  if (!who.ok()) return who.status();
  if (tls::AccessLevel(who->role) == 0) return Refused("this certificate is not a person's: it has no role on the dashboard");
  if (clock_.WallNow() > who->not_after) return Refused("the credential has expired");
  if (credentials_.Revoked(who->fingerprint)) return Refused("the credential was revoked");
  return sessions_.Begin(*who);
}

absl::StatusOr<identity::PeerIdentity> Login::ByCode(std::string_view code) {
  std::optional<identity::PeerIdentity> who;
  if (!sessions_.TakeCode(code, who) || !who.has_value()) {
    return Refused("the login code is not known: it was used, or is older than 5 minutes; `yardctl dashboard` makes a new one");
  }
  return *std::move(who);
}

absl::StatusOr<identity::PeerIdentity> Login::BySignature(const Form& form) {
  const std::string_view challenge = FieldOf(form, "challenge");
  std::optional<identity::PeerIdentity> nobody;
  if (!sessions_.TakeCode(challenge, nobody) || nobody.has_value()) return Refused("the challenge is not known or too old; try again");
  const auto certificate = tls::Certificate::FromPem(FieldOf(form, "certificate"));
  if (!certificate.ok()) return Refused("this is not a credential: there is no certificate in it");
  switch (tls::Verify(*certificate, ca_, tls::Usage::kClient, clock_.WallNow())) {
    case tls::Trust::kTrusted:
      break;
    case tls::Trust::kExpired:
      return Refused("the credential has expired");
    case tls::Trust::kNotYetValid:
      return Refused("the credential is not valid yet: check the clocks");
    default:
      return Refused("the credential is of another controller");
  }
  if (!tls::SignedBy(*certificate, std::string(kSignedPrefix) + std::string(challenge), tls::FromHex(FieldOf(form, "signature"), tls::kSignatureBytes))) {
    return Refused("the key does not fit the certificate");
  }
  auto spiffe = certificate->Spiffe();
  if (!spiffe.ok() || spiffe->trust_domain != trust_domain_) return Refused("the credential is of another controller");
  return identity::PeerIdentity{spiffe->role, std::move(spiffe->name), certificate->not_after(), certificate->Fingerprint()};
}

}  // namespace switchyard::controlplane::dashboard
