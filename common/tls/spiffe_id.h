// SpiffeId: who a certificate speaks for, as the URI `spiffe://<trust domain>/<role>/<name>` in its subject alternative name.
//
// Source: SPIFFE-ID and X509-SVID specifications: exactly one URI SAN, at most 2048 bytes, no query, fragment, port or percent-encoding.
// Switchyard narrows it: five roles, and names that follow the rules of `Resource.name` (1-63 of [a-z0-9.-], ends alphanumeric).
//
// Thread-safety: a value. Errors: INVALID_ARGUMENT that says what was expected and quotes a bounded part of the input.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace switchyard::tls {

enum class Role {
  // The certificate authority itself: `spiffe://<trust domain>`, no path.
  kAuthority,
  // `/controller/<name>`
  kController,
  // `/agent/<node>`
  kAgent,
  // `/admin/<name>`
  kAdmin,
  // `/viewer/<name>` and `/operator/<name>`: people and programs that may do less than an admin.
  kViewer,
  kOperator,
};

// `authority`, `controller`, `agent`, `admin`, `viewer`, `operator`.
std::string_view RoleName(Role role);
// How much of the admin API a role may use: viewer 1, operator 2, admin 3, all others 0. Each level includes the ones below.
int AccessLevel(Role role);

struct SpiffeId {
  std::string trust_domain;
  Role role = Role::kAuthority;
  // Empty for the authority only.
  std::string name;

  static absl::StatusOr<SpiffeId> Parse(std::string_view uri);
  std::string ToString() const;
  friend bool operator==(const SpiffeId&, const SpiffeId&) = default;
};

// Whether `name` may be the name of a node or a person: 1-63 lower-case letters, digits, `-`, `.`; first and last a letter or digit.
bool ValidIdentityName(std::string_view name);
// Whether `domain` may be a trust domain: 1-255 lower-case letters, digits, `.`, `-`, `_`.
bool ValidTrustDomain(std::string_view domain);

}  // namespace switchyard::tls
