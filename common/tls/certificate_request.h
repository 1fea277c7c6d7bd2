// Certificate signing requests (PKCS#10, RFC 2986): how an agent asks for a certificate without ever showing its private key.
//
// Thread-safety: pure functions and an immutable value. Cost: one P-256 signature or verification, about 100 us.
// Bounds: PEM input is at most 16 KiB. Errors: INVALID_ARGUMENT that says what is wrong: not a request, not P-256, signature does not hold.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/tls/key_pair.h"

namespace switchyard::tls {

inline constexpr std::size_t kMaxRequestBytes = 16 * 1024;

// A request for `key`, PEM. `common_name` is for people only: the controller ignores the subject. REQUIRES: at most 64 characters.
absl::StatusOr<std::string> MakeCertificateRequest(const KeyPair& key, std::string_view common_name);

// A received request whose signature holds: whoever made it has the private key.
class CertificateRequest {
 public:
  static absl::StatusOr<CertificateRequest> FromPem(std::string_view pem);

  // SubjectPublicKeyInfo, DER, of a P-256 key. The only thing in a request that is believed.
  const std::string& public_key_der() const { return public_key_der_; }

 private:
  explicit CertificateRequest(std::string public_key_der) : public_key_der_(std::move(public_key_der)) {}
  std::string public_key_der_;
};

}  // namespace switchyard::tls
