#include "controlplane/validation/secret_rules.h"

#include "common/tls/chain_check.h"

namespace switchyard::controlplane::validation {
namespace {

void CheckCertificate(const v1::KeyedCertificate& certificate, WallTime now, Findings& out) {
  const Text at = "spec.certificate";
  if (certificate.private_key_pem().empty()) {
    out.Add(At(at, "private_key_pem"), "is missing; expected the private key of the first certificate, as PEM");
  }
  if (certificate.chain_pem().empty()) return out.Add(At(at, "chain_pem"), "is missing; expected the certificate chain, leaf first, as PEM");
  for (tls::ChainProblem& problem : tls::CheckKeyedChain(certificate.chain_pem(), certificate.private_key_pem(), now)) {
    out.Add(At(at, problem.in_key ? "private_key_pem" : "chain_pem"), std::move(problem.reason));
  }
}

void CheckCa(const v1::CaBundle& ca, WallTime now, Findings& out) {
  if (ca.pem().empty()) return out.Add("spec.ca.pem", "is missing; expected CA certificates as PEM");
  for (tls::ChainProblem& problem : tls::CheckCaBundle(ca.pem(), now)) out.Add("spec.ca.pem", std::move(problem.reason));
}

}  // namespace

void CheckSecret(const v1::Secret& secret, WallTime now, Findings& out) {
  switch (secret.content_case()) {
    case v1::Secret::kCertificate:
      return CheckCertificate(secret.certificate(), now, out);
    case v1::Secret::kCa:
      return CheckCa(secret.ca(), now, out);
    case v1::Secret::CONTENT_NOT_SET:
      return out.Add("spec", "is empty; expected one of certificate, ca");
  }
}

}  // namespace switchyard::controlplane::validation
