// PrivateKey: the key of a certificate that people bring, of any kind that is strong enough to serve with.
//
// RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, Ed25519. (Switchyard's own identities are P-256 only, see key_pair.h.)
// Thread-safety: immutable; copies share. Bounds: PEM of at most 64 KiB.
// Errors: INVALID_ARGUMENT that says what is wrong and never quotes the text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/tls/certificate.h"

namespace switchyard::tls {

class PrivateKey {
 public:
  static absl::StatusOr<PrivateKey> FromPem(std::string_view pem);

  // Whether it is the key of this certificate.
  bool Matches(const Certificate& certificate) const;
  // `RSA 2048`, `ECDSA P-256`, `Ed25519`.
  std::string Kind() const;

  // OpenSSL's object (EVP_PKEY), for the homes of OpenSSL only.
  struct Handle;
  const Handle& handle() const { return *handle_; }

 private:
  explicit PrivateKey(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

}  // namespace switchyard::tls
