// Login: from a proof to a session.
//
// Two proofs: a challenge signed by the key of a credential (the key stays in the browser), or a one-time code that `yardctl dashboard` was
// given over the API. Both need a certificate of the fleet's CA with a role of people, valid now, not revoked.
// Thread-safety: any thread. Cost: two signature verifications. Bounds: kLoginsPerSecond beyond a burst; then RESOURCE_EXHAUSTED.
// Errors: UNAUTHENTICATED, with the reason in words that tell a stranger nothing about others.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/certificate.h"
#include "controlplane/dashboard/form.h"
#include "controlplane/dashboard/sessions.h"

namespace switchyard::controlplane::dashboard {

inline constexpr std::uint64_t kLoginsPerSecond = 5;
inline constexpr std::uint64_t kLoginBurst = 20;
// What is signed is this and the challenge.
inline constexpr std::string_view kSignedPrefix = "switchyard-dashboard-login:";

class Login {
 public:
  // All outlive it.
  Login(const Clock& clock, const tls::Certificate& ca, std::string trust_domain, const identity::Credentials& credentials, Sessions& sessions)
      : clock_(clock), ca_(ca), trust_domain_(std::move(trust_domain)), credentials_(credentials), sessions_(sessions) {}

  std::string Challenge() { return sessions_.MakeCode(std::nullopt); }
  // Fields: `code`; or `challenge`, `certificate` (PEM), `signature` (hexadecimal, r and s).
  absl::StatusOr<Sessions::Begun> Begin(const Form& form);

 private:
  absl::Status Admit();
  absl::StatusOr<identity::PeerIdentity> BySignature(const Form& form);
  absl::StatusOr<identity::PeerIdentity> ByCode(std::string_view code);

  const Clock& clock_;
  const tls::Certificate& ca_;
  const std::string trust_domain_;
  const identity::Credentials& credentials_;
  Sessions& sessions_;
  std::mutex mutex_;
  std::int64_t due_ = 0;
};

}  // namespace switchyard::controlplane::dashboard
