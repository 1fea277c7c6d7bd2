#include "agent/tls/server_context.h"

#include <fmt/format.h>

#include "agent/tls/context_parts.h"
#include "common/base/status.h"
#include "common/tls/sha256.h"

namespace switchyard::agent::tls {
namespace {

constexpr long kSessionSeconds = 2 * 60 * 60;
constexpr std::size_t kTickets = 2;

int OnServerName(SSL* ssl, int* alert, void*) {
  SslOwner& owner = OwnerOf(ssl);
  if (!owner.server->strict_sni) return SSL_TLSEXT_ERR_OK;
  const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (sni != nullptr && owner.server->Find(sni) != nullptr) return SSL_TLSEXT_ERR_OK;
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  owner.refused_name = true;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// The context itself holds the first certificate, which most listeners show to everybody: nothing is to be done then.
int OnCertificate(SSL* ssl, void*) {
  const ServerContextImpl& context = *OwnerOf(ssl).server;
  const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const std::vector<std::size_t>* found = sni == nullptr ? nullptr : context.Find(sni);
  if (found == nullptr || (found->size() == 1 && found->front() == 0)) return 1;
  SSL_certs_clear(ssl);
  for (const std::size_t i : *found) {
    if (!context.credentials[i].Use(ssl)) return 0;
  }
  return 1;
}

int OnAlpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered, unsigned offered_size, void*) {
  const std::string& ours = OwnerOf(ssl).server->alpn;
  unsigned char* at = nullptr;
  const int result = SSL_select_next_proto(&at, chosen_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned>(ours.size()), offered, offered_size);
  *chosen = at;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int OnStatus(SSL* ssl, void*) {
  const ServerContextImpl& context = *OwnerOf(ssl).server;
  X509* const shown = SSL_get_certificate(ssl);
  for (const Credential& credential : context.credentials) {
    if (credential.leaf.get() != shown || credential.staple.empty()) continue;
    void* copy = OPENSSL_memdup(credential.staple.data(), credential.staple.size());
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(credential.staple.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// After OpenSSL's own judgement of each certificate of a client's chain; the leaf's names are ours to ask for.
int OnVerify(int good, X509_STORE_CTX* store) {
  if (good != 1 || X509_STORE_CTX_get_error_depth(store) != 0) return good;
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (HoldsName(X509_STORE_CTX_get_current_cert(store), OwnerOf(const_cast<SSL*>(ssl)).server->client_names)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

absl::Status AskClients(SSL_CTX* context, const ServerOptions& options) {
  if (options.client_auth == ClientAuth::kNone) return absl::OkStatus();
  auto store = MakeStore(options.client_ca_pem);
  if (!store.ok()) return store.status();
  auto bundle = switchyard::tls::Certificate::BundleFromPem(options.client_ca_pem);
  if (!bundle.ok()) return bundle.status();
  for (const auto& ca : *bundle) SSL_CTX_add_client_CA(context, ca.handle().certificate.get());
  SSL_CTX_set_cert_store(context, store->release());
  const bool required = options.client_auth == ClientAuth::kRequired;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), OnVerify);
  return absl::OkStatus();
}

// A session is resumed only where the same clients would be let in.
std::string ScopeOf(const ServerOptions& options) {
  switchyard::tls::Sha256Stream hash;
  hash.Update(fmt::format("{}\n{}\n", options.scope, static_cast<int>(options.client_auth)));
  hash.Update(options.client_ca_pem);
  for (const std::string& name : options.client_names) hash.Update("\n" + name);
  return hash.Finish();
}

bool SetUpResumption(SSL_CTX* context, const ServerOptions& options) {
  const std::string scope = ScopeOf(options);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (!options.resumption) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0) == 1;
  }
  SSL_CTX_set_timeout(context, kSessionSeconds);
  return SSL_CTX_set_num_tickets(context, kTickets) == 1 &&
         SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(scope.data()), static_cast<unsigned>(scope.size())) == 1 &&
         SSL_CTX_set_tlsext_ticket_key_evp_cb(context, OnTicketKey) == 1;
}

absl::Status TakeCertificates(const ServerOptions& options, ServerContextImpl& out) {
  for (std::size_t i = 0; i < options.certificates.size(); ++i) {
    const ServedCertificate& served = options.certificates[i];
    auto credential = MakeCredential(served.chain_pem, served.key_pem);
    if (!credential.ok()) return Annotate(credential.status(), fmt::format("certificate {}", i + 1));
    credential->staple = served.staple;
    for (const std::string& name : credential->names) out.by_name[name].push_back(i);
    out.credentials.push_back(*std::move(credential));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ServerContext>> ServerContext::Build(const ServerOptions& options,
                                                                          std::shared_ptr<const TicketKeyRing> tickets) {
  auto out = std::make_shared<ServerContextImpl>();
  out->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = out->context.get();
  if (context == nullptr) return switchyard::tls::OpensslError("cannot make a TLS context");
  if (auto status = ApplyBasics(context, options.min_version, options.max_version); !status.ok()) return status;
  if (auto status = TakeCertificates(options, *out); !status.ok()) return status;
  if (out->credentials.empty()) return absl::InvalidArgumentError("a TLS listener needs a certificate");
  if (!out->credentials.front().Use(context)) return switchyard::tls::OpensslError("cannot use the first certificate");
  if (auto status = AskClients(context, options); !status.ok()) return Annotate(status, "client CA");
  if (!SetUpResumption(context, options)) return switchyard::tls::OpensslError("cannot set up resumption");
  out->client_names = options.client_names;
  out->alpn = AlpnWire(options.alpn);
  out->tickets = std::move(tickets);
  out->strict_sni = options.strict_sni;
  out->judges_clients = options.client_auth != ClientAuth::kNone;
  SSL_CTX_set_tlsext_servername_callback(context, OnServerName);
  SSL_CTX_set_cert_cb(context, OnCertificate, nullptr);
  SSL_CTX_set_alpn_select_cb(context, OnAlpn, nullptr);
  SSL_CTX_set_tlsext_status_cb(context, OnStatus);
  return out;
}

}  // namespace switchyard::agent::tls
