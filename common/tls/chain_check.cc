#include "common/tls/chain_check.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/tls/certificate_facts.h"
#include "common/tls/openssl_types.h"
#include "common/tls/private_key.h"

namespace switchyard::tls {
namespace {

using Problems = std::vector<ChainProblem>;

void Add(Problems& out, std::string reason) { out.push_back({false, std::move(reason)}); }

// Certificates are numbered from 1, as people count them in a file.
std::string Which(const Certificate& certificate, std::size_t index) {
  std::string subject = FactsOf(certificate).subject;
  if (subject.size() > 80) subject.resize(80);
  return fmt::format("certificate {} ({})", index + 1, subject.empty() ? "no subject" : subject);
}

std::string Date(WallTime time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()));
}

// A key among the certificates would be shown to everybody who may read them.
bool HoldsPrivateKey(std::string_view pem) { return pem.find("PRIVATE KEY") != std::string_view::npos; }

void CheckTimes(const Certificate& certificate, std::size_t index, WallTime now, Problems& out) {
  if (now > certificate.not_after()) {
    Add(out, fmt::format("{} is expired: it ended at {}", Which(certificate, index), Date(certificate.not_after())));
  } else if (now < certificate.not_before()) {
    Add(out, fmt::format("{} is not yet valid: it begins at {}", Which(certificate, index), Date(certificate.not_before())));
  }
}

void CheckStrength(const Certificate& certificate, std::size_t index, Problems& out) {
  X509* const x = certificate.handle().certificate.get();
  EVP_PKEY* key = X509_get0_pubkey(x);
  const std::string weak = key == nullptr ? "has a key of unknown kind" : KeyWeakness(key);
  if (!weak.empty()) Add(out, fmt::format("the key of {} {}", Which(certificate, index), weak));
  // Nobody verifies the signature of a root: it is trusted for being there.
  if (X509_self_signed(x, 0) == 1) return;
  int digest = NID_undef;
  if (X509_get_signature_info(x, &digest, nullptr, nullptr, nullptr) != 1) digest = NID_undef;
  if (digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1) {
    Add(out, fmt::format("{} is signed with {}, which is broken; expected SHA-256 or better", Which(certificate, index),
                         digest == NID_sha1 ? "SHA-1" : "MD5"));
  }
  ClearErrors();
}

void CheckOrder(const std::vector<Certificate>& chain, Problems& out) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    X509* const issued = chain[i].handle().certificate.get();
    X509* const issuer = chain[i + 1].handle().certificate.get();
    EVP_PKEY* key = X509_get0_pubkey(issuer);
    const bool signed_by = key != nullptr && X509_check_issued(issuer, issued) == X509_V_OK && X509_verify(issued, key) == 1;
    ClearErrors();
    if (signed_by) continue;
    Add(out, fmt::format("{} is not signed by the one after it, {}; put the leaf first and each certificate's issuer behind it",
                         Which(chain[i], i), Which(chain[i + 1], i + 1)));
  }
}

void CheckKey(const Certificate& leaf, std::string_view key_pem, Problems& out) {
  const absl::StatusOr<PrivateKey> key = PrivateKey::FromPem(key_pem);
  if (!key.ok()) {
    out.push_back({true, std::string(Message(key.status()))});
  } else if (!key->Matches(leaf)) {
    out.push_back({true, fmt::format("is not the key of {}", Which(leaf, 0))});
  }
}

}  // namespace

std::vector<ChainProblem> CheckKeyedChain(std::string_view chain_pem, std::string_view key_pem, WallTime now) {
  Problems out;
  if (HoldsPrivateKey(chain_pem)) return {{false, "holds a private key; put it into private_key_pem"}};
  const absl::StatusOr<std::vector<Certificate>> chain = Certificate::ChainFromPem(chain_pem);
  if (!chain.ok()) return {{false, std::string(Message(chain.status()))}};
  if (AlternativeNamesOf(chain->front()).empty()) {
    Add(out, fmt::format("{} has no subject alternative name, so no client accepts it", Which(chain->front(), 0)));
  }
  for (std::size_t i = 0; i < chain->size(); ++i) {
    CheckTimes((*chain)[i], i, now, out);
    CheckStrength((*chain)[i], i, out);
  }
  CheckOrder(*chain, out);
  if (!key_pem.empty()) CheckKey(chain->front(), key_pem, out);
  return out;
}

std::vector<ChainProblem> CheckCaBundle(std::string_view pem, WallTime now) {
  Problems out;
  if (HoldsPrivateKey(pem)) return {{false, "holds a private key; only certificates belong here"}};
  const absl::StatusOr<std::vector<Certificate>> bundle = Certificate::BundleFromPem(pem);
  if (!bundle.ok()) return {{false, std::string(Message(bundle.status()))}};
  for (std::size_t i = 0; i < bundle->size(); ++i) {
    const Certificate& ca = (*bundle)[i];
    if (!ca.is_ca()) Add(out, fmt::format("{} is not a CA", Which(ca, i)));
    CheckTimes(ca, i, now, out);
    CheckStrength(ca, i, out);
  }
  return out;
}

}  // namespace switchyard::tls
