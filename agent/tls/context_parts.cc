#include "agent/tls/context_parts.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "common/base/status.h"
#include "common/tls/certificate_facts.h"

namespace switchyard::agent::tls {
namespace {

// A ticket of TLS 1.3 is for one use (RFC 8446 appendix C.4), so who uses one gets the next. Not where clients show certificates: these
// would be looked at once and never again. One that an older key sealed is replaced in any case.
bool ToBeSealedAnew(SSL* ssl, std::size_t key) {
  return key != 0 || (SSL_version(ssl) == TLS1_3_VERSION && !OwnerOf(ssl).server->judges_clients);
}

constexpr char kCiphers12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char kCiphers13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr char kGroups[] = "X25519:P-256:P-384";

int Number(Version version) { return version == Version::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION; }

switchyard::tls::Certificate Wrap(X509* certificate) {
  X509_up_ref(certificate);
  auto handle = std::make_shared<switchyard::tls::Certificate::Handle>();
  handle->certificate.reset(certificate);
  return switchyard::tls::Certificate(std::move(handle));
}

switchyard::tls::X509Cert Share(const switchyard::tls::Certificate& certificate) {
  X509* x = certificate.handle().certificate.get();
  X509_up_ref(x);
  return switchyard::tls::X509Cert(x);
}

}  // namespace

absl::Status ApplyBasics(SSL_CTX* context, Version min_version, Version max_version) {
  // Whatever the process-wide configuration says (common/tls/tls13.h asks for 1.3 only) is not for this traffic.
  SSL_CTX_clear_options(context, SSL_OP_NO_SSL_MASK);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  const bool done = SSL_CTX_set_min_proto_version(context, Number(min_version)) == 1 &&
                    SSL_CTX_set_max_proto_version(context, Number(max_version)) == 1 && SSL_CTX_set_cipher_list(context, kCiphers12) == 1 &&
                    SSL_CTX_set_ciphersuites(context, kCiphers13) == 1 && SSL_CTX_set1_groups_list(context, kGroups) == 1;
  return done ? absl::OkStatus() : switchyard::tls::OpensslError("cannot set up TLS");
}

std::string AlpnWire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) wire.append(1, static_cast<char>(protocol.size())).append(protocol);
  return wire;
}

absl::StatusOr<X509Store> MakeStore(std::string_view ca_pem) {
  auto bundle = switchyard::tls::Certificate::BundleFromPem(ca_pem);
  if (!bundle.ok()) return bundle.status();
  X509Store store(X509_STORE_new());
  if (store == nullptr) return switchyard::tls::OpensslError("cannot make a store of CAs");
  for (const auto& ca : *bundle) {
    if (X509_STORE_add_cert(store.get(), ca.handle().certificate.get()) != 1) return switchyard::tls::OpensslError("cannot take a CA");
  }
  // An intermediate may be the anchor: people hand out the CA that signs, not always the root.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

absl::StatusOr<Credential> MakeCredential(std::string_view chain_pem, std::string_view key_pem) {
  auto chain = switchyard::tls::Certificate::ChainFromPem(chain_pem);
  if (!chain.ok()) return chain.status();
  auto key = switchyard::tls::PrivateKey::FromPem(key_pem);
  if (!key.ok()) return absl::InvalidArgumentError(fmt::format("private key: {}", Message(key.status())));
  if (!key->Matches(chain->front())) return absl::InvalidArgumentError("private key: is not the certificate's");
  Credential out;
  out.leaf = Share(chain->front());
  out.issuers.reset(sk_X509_new_null());
  for (std::size_t i = 1; i < chain->size(); ++i) {
    switchyard::tls::X509Cert issuer = Share((*chain)[i]);
    if (out.issuers == nullptr || sk_X509_push(out.issuers.get(), issuer.get()) <= 0) return switchyard::tls::OpensslError("cannot keep a chain");
    static_cast<void>(issuer.release());
  }
  EVP_PKEY_up_ref(key->handle().key.get());
  out.key.reset(key->handle().key.get());
  for (std::string& name : chain->front().DnsNames()) {
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    out.names.push_back(std::move(name));
  }
  return out;
}

const std::vector<std::size_t>* ServerContextImpl::Find(std::string_view sni) const {
  std::string name(sni.substr(0, 256));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (const auto at = by_name.find(name); at != by_name.end()) return &at->second;
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0) return nullptr;
  const auto at = by_name.find("*" + name.substr(dot));
  return at == by_name.end() ? nullptr : &at->second;
}

bool HoldsName(X509* leaf, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const std::vector<std::string> held = switchyard::tls::AlternativeNamesOf(Wrap(leaf));
  return std::any_of(held.begin(), held.end(), [&](const std::string& name) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& pattern) { return switchyard::tls::MatchesName(pattern, name); });
  });
}

bool HoldsPin(X509* leaf, const std::vector<std::string>& pins) {
  return pins.empty() || std::find(pins.begin(), pins.end(), switchyard::tls::PinOf(Wrap(leaf))) != pins.end();
}

int OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing) {
  const std::shared_ptr<const TicketKeys> keys = OwnerOf(ssl).server->tickets->Get();
  std::size_t at = 0;
  if (sealing == 1) {
    std::copy(keys->front().name.begin(), keys->front().name.end(), name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  } else {
    while (at < keys->size() && !std::equal((*keys)[at].name.begin(), (*keys)[at].name.end(), name)) ++at;
    if (at == keys->size()) return 0;  // too old, or not ours: a full handshake
  }
  const TicketKey& key = (*keys)[at];
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 3> setting = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, setting.data()) != 1) return -1;
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, sealing) != 1) return -1;
  return sealing == 1 || !ToBeSealedAnew(ssl, at) ? 1 : 2;
}

}  // namespace switchyard::agent::tls
