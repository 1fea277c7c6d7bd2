// What a certificate says of itself, as text for people, and its names for matching.
//
// Thread-safety: pure functions. Cost: tens of microseconds; not for the request path. Source: RFC 5280 section 4.2.1.6 (names), RFC 2253
// (distinguished names), RFC 7469 section 2.4 (the pin: SHA-256 of SubjectPublicKeyInfo).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/tls/certificate.h"

namespace switchyard::tls {

struct CertificateFacts {
  std::string subject;
  std::string issuer;
  // `DNS:a.example`, `IP:192.0.2.1`, `URI:spiffe://...`, `EMAIL:a@b.example`.
  std::vector<std::string> names;
  WallTime not_before;
  WallTime not_after;
  // SHA-256 of the DER form, lower-case hex.
  std::string fingerprint;
  // `ECDSA P-256`.
  std::string key;
  // `sha256//` and base64.
  std::string pin;
};

CertificateFacts FactsOf(const Certificate& certificate);
// CertificateFacts::names alone.
std::vector<std::string> AlternativeNamesOf(const Certificate& certificate);
// CertificateFacts::pin alone.
std::string PinOf(const Certificate& certificate);
// Whether `text` is a pin: `sha256//` and the base64 of 32 bytes.
bool IsPin(std::string_view text);

// Whether a name of that form is asked for by `pattern`: equal (DNS and EMAIL without regard to case), or equal up to a `*` at the end.
bool MatchesName(std::string_view pattern, std::string_view name);

}  // namespace switchyard::tls
