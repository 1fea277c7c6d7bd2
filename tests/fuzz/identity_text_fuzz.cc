// Every text that speaks for somebody: join tokens, credential files, certificates, requests, keys, SPIFFE ids. Any bytes are refused or
// read, and what is read is written back to text that reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/rpc/credential_file.h"
#include "common/tls/certificate.h"
#include "common/tls/certificate_request.h"
#include "common/tls/key_pair.h"
#include "common/tls/spiffe_id.h"
#include "controlplane/identity/tokens.h"

namespace {

using namespace switchyard;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckToken(std::string_view text) {
  const auto token = controlplane::identity::ParseToken(text);
  if (!token.ok()) return;
  const auto again = controlplane::identity::ParseToken(controlplane::identity::FormatToken(*token));
  Require(again.ok() && again->secret == token->secret && again->id == token->id && again->ca_fingerprint == token->ca_fingerprint);
}

void CheckCredential(std::string_view text) {
  const auto credential = rpc::ParseCredential(text);
  if (!credential.ok()) return;
  const auto again = rpc::ParseCredential(rpc::FormatCredential(*credential));
  Require(again.ok() && again->address == credential->address && again->key_pem == credential->key_pem);
}

void CheckCertificates(std::string_view text) {
  const auto chain = tls::Certificate::ChainFromPem(text);
  if (!chain.ok()) return;
  for (const tls::Certificate& certificate : *chain) {
    static_cast<void>(certificate.Spiffe());
    static_cast<void>(certificate.DnsNames());
    static_cast<void>(certificate.PublicKeyDer());
    static_cast<void>(tls::RenewalTime(certificate));
    static_cast<void>(tls::Verify(certificate, chain->back(), tls::Usage::kClient, certificate.not_before()));
    // A damaged certificate may not survive being written; an undamaged one keeps its identity.
    const auto again = tls::Certificate::FromPem(certificate.ToPem());
    Require(!again.ok() || again->Fingerprint() == certificate.Fingerprint());
  }
}

void CheckSpiffe(std::string_view text) {
  const auto id = tls::SpiffeId::Parse(text);
  if (id.ok()) Require(id->ToString() == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckToken(text);
  CheckCredential(text);
  CheckCertificates(text);
  CheckSpiffe(text);
  static_cast<void>(tls::CertificateRequest::FromPem(text));
  static_cast<void>(tls::KeyPair::FromPem(text));
  return 0;
}
