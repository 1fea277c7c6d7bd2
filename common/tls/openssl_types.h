// Owners for OpenSSL's objects, and its error queue as a Status. For OpenSSL's homes only: this folder and agent/tls.
//
// Thread-safety: the owners are values; OpenSSL's objects are safe to read from several threads once they are filled.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tls/certificate.h"
#include "common/tls/key_pair.h"
#include "common/tls/private_key.h"

namespace switchyard::tls {

template <auto kFree>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using PKey = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using X509Cert = std::unique_ptr<X509, FreeBy<X509_free>>;
using X509Req = std::unique_ptr<X509_REQ, FreeBy<X509_REQ_free>>;
using SslContext = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeBy<SSL_free>>;

struct KeyPair::Handle {
  PKey key;
};

struct PrivateKey::Handle {
  PKey key;
};

struct Certificate::Handle {
  X509Cert certificate;
};

// A read-only view of `text`, which must outlive it. REQUIRES: text.size() fits an int.
Bio ReadBio(std::string_view text);
// What was written to a memory BIO.
std::string Drain(BIO* bio);
// INTERNAL: `what`, and what OpenSSL says; its error queue is empty afterwards.
absl::Status OpensslError(std::string_view what);
// Empties the calling thread's error queue, so that a stale entry is not blamed on a later call.
void ClearErrors();

// The public key in SubjectPublicKeyInfo form. INVALID_ARGUMENT unless it is on the curve P-256.
absl::StatusOr<PKey> PublicKeyFromDer(std::string_view der);
std::string PublicKeyToDer(EVP_PKEY* key);
bool IsP256(EVP_PKEY* key);
// `RSA 2048`, `ECDSA P-256`, `Ed25519`; OpenSSL's word for anything else.
std::string KeyKind(EVP_PKEY* key);
// Why the key is not strong enough to serve with; empty when it is.
std::string KeyWeakness(EVP_PKEY* key);

}  // namespace switchyard::tls
