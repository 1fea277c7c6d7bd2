#include "common/tls/signature.h"

#include <openssl/ecdsa.h>

#include "common/tls/openssl_types.h"

namespace switchyard::tls {
namespace {

using Ecdsa = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;

// OpenSSL verifies the DER form only.
std::string ToDer(std::string_view signature) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(signature.data());
  constexpr int kHalf = kSignatureBytes / 2;
  const Ecdsa both(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes, kHalf, nullptr);
  BIGNUM* s = BN_bin2bn(bytes + kHalf, kHalf, nullptr);
  if (both == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(both.get(), r, s) != 1) return {};
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  std::string out;
  if (size > 0) out.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace

absl::StatusOr<std::string> Sign(const KeyPair& key, std::string_view text) {
  const DigestContext context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.handle().key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return OpensslError("cannot sign");
  }
  std::string der(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size, bytes, text.size()) != 1) return OpensslError("cannot sign");
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const Ecdsa both(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  if (both == nullptr) return OpensslError("cannot sign");
  std::string out(kSignatureBytes, '\0');
  auto* halves = reinterpret_cast<unsigned char*>(out.data());
  constexpr int kHalf = kSignatureBytes / 2;
  BN_bn2binpad(ECDSA_SIG_get0_r(both.get()), halves, kHalf);
  BN_bn2binpad(ECDSA_SIG_get0_s(both.get()), halves + kHalf, kHalf);
  return out;
}

bool SignedBy(const Certificate& certificate, std::string_view text, std::string_view signature) {
  if (signature.size() != kSignatureBytes) return false;
  EVP_PKEY* key = X509_get0_pubkey(certificate.handle().certificate.get());
  if (key == nullptr || !IsP256(key)) return false;
  const std::string der = ToDer(signature);
  const DigestContext context(EVP_MD_CTX_new());
  const bool holds = context != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                     EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                      reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  ClearErrors();
  return holds;
}

}  // namespace switchyard::tls
