#include "common/config/redaction.h"

#include "common/tls/certificate_facts.h"

namespace switchyard::config {
namespace {

void SetTime(google::protobuf::Timestamp& out, WallTime time) {
  out.set_seconds(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

void AddFacts(const tls::Certificate& certificate, v1::Secret& secret) {
  const tls::CertificateFacts facts = tls::FactsOf(certificate);
  v1::CertificateFacts& out = *secret.add_facts();
  out.set_subject(facts.subject);
  out.set_issuer(facts.issuer);
  out.mutable_names()->Assign(facts.names.begin(), facts.names.end());
  SetTime(*out.mutable_not_before(), facts.not_before);
  SetTime(*out.mutable_not_after(), facts.not_after);
  out.set_fingerprint(facts.fingerprint);
  out.set_key(facts.key);
  out.set_pin(facts.pin);
}

}  // namespace

void DropFacts(v1::Resource& resource) {
  if (resource.has_secret()) resource.mutable_secret()->clear_facts();
}

void Redact(v1::Resource& resource) {
  if (!resource.has_secret()) return;
  v1::Secret& secret = *resource.mutable_secret();
  secret.clear_facts();
  if (secret.has_certificate()) secret.mutable_certificate()->clear_private_key_pem();
  const auto certificates = secret.has_certificate() ? tls::Certificate::ChainFromPem(secret.certificate().chain_pem())
                                                     : tls::Certificate::BundleFromPem(secret.ca().pem());
  if (!certificates.ok()) return;
  for (const tls::Certificate& certificate : *certificates) AddFacts(certificate, secret);
}

void Redact(google::protobuf::RepeatedPtrField<v1::Resource>& resources) {
  for (v1::Resource& resource : resources) Redact(resource);
}

}  // namespace switchyard::config
