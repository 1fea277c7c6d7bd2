#include "agent/tls/client_context.h"

#include "agent/tls/context_parts.h"
#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace switchyard::agent::tls {
namespace {

constexpr char kHostCaFile[] = "/etc/ssl/certs/ca-certificates.crt";

// Tickets come with or after the handshake; the newest is kept.
int OnNewSession(SSL* ssl, SSL_SESSION* session) {
  const SslOwner& owner = OwnerOf(ssl);
  if (owner.slot == nullptr) return 0;
  owner.slot->held().session.reset(session);
  owner.slot->held().context = owner.client->id;
  return 1;
}

absl::Status VerifyBackends(SSL_CTX* context, const ClientOptions& options, HostCas& host_cas) {
  if (options.insecure_skip_verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return absl::OkStatus();
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (!options.ca_pem.empty()) {
    auto store = MakeStore(options.ca_pem);
    if (!store.ok()) return Annotate(store.status(), "ca");
    SSL_CTX_set_cert_store(context, store->release());
    return absl::OkStatus();
  }
  auto shared = host_cas.Get();
  if (!shared.ok()) return shared.status();
  SSL_CTX_set1_cert_store(context, (*shared)->store.get());
  return absl::OkStatus();
}

absl::Status ShowCertificate(SSL_CTX* context, const ClientOptions& options) {
  if (options.chain_pem.empty()) return absl::OkStatus();
  auto credential = MakeCredential(options.chain_pem, options.key_pem);
  if (!credential.ok()) return Annotate(credential.status(), "certificate");
  const bool done = SSL_CTX_use_cert_and_key(context, credential->leaf.get(), credential->key.get(), credential->issuers.get(), 1) == 1;
  return done ? absl::OkStatus() : switchyard::tls::OpensslError("certificate");
}

}  // namespace

absl::StatusOr<std::shared_ptr<const HostCas::Store>> HostCas::Get() {
  if (store_ != nullptr) return store_;
  auto read = std::make_shared<Store>();
  read->store.reset(X509_STORE_new());
  const bool loaded = read->store != nullptr && X509_STORE_load_file(read->store.get(), kHostCaFile) == 1;
  switchyard::tls::ClearErrors();
  if (!loaded) {
    return absl::FailedPreconditionError(
        std::string("this host has no CAs in ") + kHostCaFile + "; install the package ca-certificates, or name a Secret with a ca");
  }
  store_ = std::move(read);
  return store_;
}

absl::StatusOr<std::shared_ptr<const ClientContext>> ClientContext::Build(const ClientOptions& options, HostCas& host_cas) {
  auto out = std::make_shared<ClientContextImpl>();
  out->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = out->context.get();
  if (context == nullptr) return switchyard::tls::OpensslError("cannot make a TLS context");
  if (auto status = ApplyBasics(context, options.min_version, options.max_version); !status.ok()) return status;
  if (auto status = VerifyBackends(context, options, host_cas); !status.ok()) return status;
  if (auto status = ShowCertificate(context, options); !status.ok()) return status;
  const std::string alpn = AlpnWire(options.alpn);
  if (SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()), static_cast<unsigned>(alpn.size())) != 0) {
    return switchyard::tls::OpensslError("cannot set up ALPN");
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (options.resumption) SSL_CTX_sess_set_new_cb(context, OnNewSession);
  out->id = SecureSeed();
  out->server_name = options.server_name;
  out->name_is_ip = Endpoint::FromIp(options.server_name, 0).ok();
  out->names = options.names;
  out->pins = options.pins;
  out->resumption = options.resumption;
  return out;
}

ClientSession::ClientSession() : held_(std::make_unique<Held>()) {}
ClientSession::~ClientSession() = default;
void ClientSession::Forget() { held_->session.reset(); }

}  // namespace switchyard::agent::tls
