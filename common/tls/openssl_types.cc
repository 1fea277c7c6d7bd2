#include "common/tls/openssl_types.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <array>

namespace switchyard::tls {

Bio ReadBio(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string Drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

absl::Status OpensslError(std::string_view what) {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  if (code != 0) ERR_error_string_n(code, text.data(), text.size());
  ClearErrors();
  return absl::InternalError(fmt::format("{}: {}", what, code == 0 ? "OpenSSL gives no reason" : text.data()));
}

void ClearErrors() { ERR_clear_error(); }

absl::StatusOr<PKey> PublicKeyFromDer(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  PKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  ClearErrors();
  if (key == nullptr || at != end) return absl::InvalidArgumentError("not a public key");
  if (!IsP256(key.get())) return absl::InvalidArgumentError("the key is not ECDSA P-256, the only kind accepted");
  return key;
}

std::string PublicKeyToDer(EVP_PKEY* key) {
  unsigned char* data = nullptr;
  const int size = i2d_PUBKEY(key, &data);
  if (size <= 0) {
    ClearErrors();
    return {};
  }
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

bool IsP256(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  std::array<char, 64> group{};
  std::size_t size = 0;
  const bool named = EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1;
  ClearErrors();
  return named && OBJ_txt2nid(group.data()) == NID_X9_62_prime256v1;
}

namespace {

std::string CurveOf(EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  const bool named = EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1;
  ClearErrors();
  const int id = named ? OBJ_txt2nid(group.data()) : NID_undef;
  const char* curve = EC_curve_nid2nist(id);
  return curve != nullptr ? curve : named ? group.data() : "with explicit parameters";
}

}  // namespace

std::string KeyKind(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return fmt::format("RSA {}", EVP_PKEY_get_bits(key));
    case EVP_PKEY_EC:
      return fmt::format("ECDSA {}", CurveOf(key));
    case EVP_PKEY_ED25519:
      return "Ed25519";
    default: {
      const char* name = EVP_PKEY_get0_type_name(key);
      return name == nullptr ? "unknown" : name;
    }
  }
}

std::string KeyWeakness(EVP_PKEY* key) {
  constexpr int kLeastRsaBits = 2048;
  constexpr int kMostRsaBits = 8192;  // beyond, one handshake takes tens of milliseconds of a worker
  const std::string kind = KeyKind(key);
  const int bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      if (bits < kLeastRsaBits) return fmt::format("is {}, which is weak; expected RSA 2048 or more, or ECDSA P-256", kind);
      if (bits > kMostRsaBits) return fmt::format("is {}, which is too slow to serve with; expected at most RSA {}", kind, kMostRsaBits);
      return {};
    case EVP_PKEY_EC:
      if (kind == "ECDSA P-256" || kind == "ECDSA P-384" || kind == "ECDSA P-521") return {};
      return fmt::format("is {}; expected a curve of P-256, P-384, P-521", kind);
    case EVP_PKEY_ED25519:
      return {};
    default:
      return fmt::format("is of kind {}; expected RSA, ECDSA or Ed25519", kind);
  }
}

}  // namespace switchyard::tls
