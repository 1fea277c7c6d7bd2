// KeyPair: an ECDSA P-256 key pair. The only kind of key that Switchyard makes or accepts.
//
// Source: FIPS 186-5, curve P-256 (secp256r1); PEM as PKCS#8 (RFC 5958), unencrypted: the file's mode 0600 is what protects it.
// Thread-safety: immutable after construction; copies share the key. Cost: generating about 50 us.
// Errors: INVALID_ARGUMENT for text that is not such a key (the text is never quoted). Input is at most 64 KiB.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace switchyard::tls {

class KeyPair {
 public:
  static absl::StatusOr<KeyPair> Generate();
  static absl::StatusOr<KeyPair> FromPem(std::string_view pem);

  // The private key. A secret: never log it, write it with `WritePrivateFile`.
  absl::StatusOr<std::string> ToPem() const;
  // SubjectPublicKeyInfo, DER: equal keys give equal bytes.
  std::string PublicKeyDer() const;

  // OpenSSL's object (EVP_PKEY), for files of this folder only.
  struct Handle;
  const Handle& handle() const { return *handle_; }

 private:
  explicit KeyPair(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

}  // namespace switchyard::tls
