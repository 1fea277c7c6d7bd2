// What server and client contexts share, and their insides. For this folder only: OpenSSL's types are in here.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/tls/client_context.h"
#include "agent/tls/server_context.h"
#include "common/tls/openssl_types.h"

namespace switchyard::agent::tls {

using SslContext = switchyard::tls::SslContext;
struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using X509Chain = std::unique_ptr<STACK_OF(X509), FreeChain>;
using X509Store = std::unique_ptr<X509_STORE, switchyard::tls::FreeBy<X509_STORE_free>>;

// Versions, ciphers, groups, modes. INTERNAL when OpenSSL refuses one.
absl::Status ApplyBasics(SSL_CTX* context, Version min_version, Version max_version);
// As RFC 7301 puts it on the wire.
std::string AlpnWire(const std::vector<std::string>& protocols);
absl::StatusOr<X509Store> MakeStore(std::string_view ca_pem);

// A certificate, ready to be shown.
struct Credential {
  switchyard::tls::X509Cert leaf;
  X509Chain issuers;
  switchyard::tls::PKey key;
  // Lower-case DNS names; a wildcard as `*.example.com`.
  std::vector<std::string> names;
  std::string staple;

  // Puts it into a session, in place of one for the same kind of key. False: out of memory.
  bool Use(SSL* ssl) const { return SSL_use_cert_and_key(ssl, leaf.get(), key.get(), issuers.get(), /*override=*/1) == 1; }
  bool Use(SSL_CTX* all) const { return SSL_CTX_use_cert_and_key(all, leaf.get(), key.get(), issuers.get(), /*override=*/1) == 1; }
};
absl::StatusOr<Credential> MakeCredential(std::string_view chain_pem, std::string_view key_pem);

struct ServerContextImpl final : ServerContext {
  SslContext context;
  std::vector<Credential> credentials;
  // Name to indices in `credentials`.
  std::unordered_map<std::string, std::vector<std::size_t>> by_name;
  std::vector<std::string> client_names;
  std::string alpn;
  std::shared_ptr<const TicketKeyRing> tickets;
  bool strict_sni = false;
  bool judges_clients = false;

  // Null when no certificate holds the name.
  const std::vector<std::size_t>* Find(std::string_view sni) const;
};

struct ClientContextImpl final : ClientContext {
  // Tells contexts apart for as long as sessions live, which is longer than an address does.
  std::uint64_t id = 0;
  SslContext context;
  std::string server_name;
  bool name_is_ip = false;
  std::vector<std::string> names;
  std::vector<std::string> pins;
  bool resumption = true;
};

struct HostCas::Store {
  X509Store store;
};

struct ClientSession::Held {
  std::unique_ptr<SSL_SESSION, switchyard::tls::FreeBy<SSL_SESSION_free>> session;
  // Of which context it is.
  std::uint64_t context = 0;
};

// What callbacks find behind SSL_get_app_data.
struct SslOwner {
  const ServerContextImpl* server = nullptr;
  const ClientContextImpl* client = nullptr;
  ClientSession* slot = nullptr;
  bool refused_name = false;
};
inline SslOwner& OwnerOf(SSL* ssl) { return *static_cast<SslOwner*>(SSL_get_app_data(ssl)); }

// SSL_CTX_set_tlsext_ticket_key_evp_cb.
int OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing);
// Whether the leaf holds one of the names; true when there are no names to ask for.
bool HoldsName(X509* leaf, const std::vector<std::string>& names);
bool HoldsPin(X509* leaf, const std::vector<std::string>& pins);

}  // namespace switchyard::agent::tls
