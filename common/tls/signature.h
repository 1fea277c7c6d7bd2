// Signatures of texts, and whether the holder of a certificate's key made one: how a browser proves that it has a credential without showing its key.
//
// ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each, as WebCrypto makes it (IEEE P1363), not DER.
// Thread-safety: pure functions. Cost: one verification, about 100 us. Anything malformed is simply not a
// signature. Errors of Sign: INTERNAL when OpenSSL fails.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/tls/certificate.h"
#include "common/tls/key_pair.h"

namespace switchyard::tls {

inline constexpr std::size_t kSignatureBytes = 64;

absl::StatusOr<std::string> Sign(const KeyPair& key, std::string_view text);
bool SignedBy(const Certificate& certificate, std::string_view text, std::string_view signature);

}  // namespace switchyard::tls
