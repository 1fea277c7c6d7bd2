// Issuing X.509 certificates: what the controller's authority signs, and its own self-signed certificate.
//
// Profile (RFC 5280, X509-SVID): version 3, 127 random bits of serial number (CA/Browser Forum Baseline Requirements 7.1 ask for 64),
// ECDSA with SHA-256, critical basicConstraints and keyUsage, extendedKeyUsage by usage, key identifiers, exactly one URI SAN.
//
// Thread-safety: pure functions apart from the random serial. Cost: one P-256 signature, about 50 us.
// Errors: INVALID_ARGUMENT for a template that cannot be put into a certificate; INTERNAL when OpenSSL fails.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/certificate.h"
#include "common/tls/key_pair.h"
#include "common/tls/spiffe_id.h"

namespace switchyard::tls {

struct CertificateTemplate {
  // For people, at most 64 characters.
  std::string common_name;
  // Becomes the one URI SAN.
  SpiffeId spiffe;
  // Further names of a server.
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  // Whole seconds; REQUIRES: not_before < not_after.
  WallTime not_before;
  WallTime not_after;
  Usage usage = Usage::kClient;
};

// A self-signed CA certificate (path length 0: it signs leaves only). `usage`, `dns_names` and `ip_addresses` are ignored.
absl::StatusOr<Certificate> SelfSign(const CertificateTemplate& form, const KeyPair& key);

// A leaf for the holder of `public_key_der`, signed by `ca`. Its life is cut to the CA's.
absl::StatusOr<Certificate> Issue(const CertificateTemplate& form, std::string_view public_key_der, const Certificate& ca,
                                  const KeyPair& ca_key);

}  // namespace switchyard::tls
