#include "common/tls/issue.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/random.h"
#include "common/tls/openssl_types.h"

namespace switchyard::tls {
namespace {

constexpr std::size_t kSerialBytes = 16;

bool SetSerial(X509* certificate) {
  std::string bytes = SecureBytes(kSerialBytes);
  // Positive (RFC 5280, 4.1.2.2) and never zero.
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7f) | 0x40);
  const std::unique_ptr<BIGNUM, FreeBy<BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetTime(ASN1_TIME* field, WallTime time) {
  return ASN1_TIME_set(field, std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()) != nullptr;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Only characters that mean nothing in OpenSSL's extension syntax.
bool PlainName(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' || c == '_';
  });
}

absl::Status CheckForm(const CertificateTemplate& form) {
  const SpiffeId& id = form.spiffe;
  if (form.common_name.empty() || form.common_name.size() > 64) return absl::InvalidArgumentError("common name: expected 1-64 characters");
  if (form.not_before >= form.not_after) return absl::InvalidArgumentError("life: expected not_before < not_after");
  if (!ValidTrustDomain(id.trust_domain)) return absl::InvalidArgumentError("trust domain: expected 1-255 of [a-z0-9._-]");
  if (id.role != Role::kAuthority && !ValidIdentityName(id.name)) {
    return absl::InvalidArgumentError("name: expected 1-63 of [a-z0-9.-], first and last a letter or digit");
  }
  for (const auto* names : {&form.dns_names, &form.ip_addresses}) {
    if (!std::all_of(names->begin(), names->end(), PlainName)) return absl::InvalidArgumentError("server name: not a host name or address");
  }
  return absl::OkStatus();
}

std::string AlternativeNames(const CertificateTemplate& form, bool with_server_names) {
  std::string text = fmt::format("URI:{}", form.spiffe.ToString());
  if (!with_server_names) return text;
  for (const std::string& name : form.dns_names) text += fmt::format(",DNS:{}", name);
  for (const std::string& address : form.ip_addresses) text += fmt::format(",IP:{}", address);
  return text;
}

// Everything but issuer, extensions and signature.
bool FillBody(X509* certificate, const CertificateTemplate& form, WallTime not_after, EVP_PKEY* key) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const auto* name = reinterpret_cast<const unsigned char*>(form.common_name.data());
  return X509_set_version(certificate, X509_VERSION_3) == 1 && SetSerial(certificate) &&
         SetTime(X509_getm_notBefore(certificate), form.not_before) && SetTime(X509_getm_notAfter(certificate), not_after) &&
         X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, static_cast<int>(form.common_name.size()), -1, 0) == 1 &&
         X509_set_pubkey(certificate, key) == 1;
}

absl::StatusOr<Certificate> Sign(X509Cert certificate, const KeyPair& key) {
  if (X509_sign(certificate.get(), key.handle().key.get(), EVP_sha256()) <= 0) return OpensslError("cannot sign a certificate");
  // Once through its own text, so that what is returned is exactly what others will read.
  auto handle = std::make_shared<Certificate::Handle>();
  handle->certificate = std::move(certificate);
  return Certificate::FromPem(Certificate(std::move(handle)).ToPem());
}

}  // namespace

absl::StatusOr<Certificate> SelfSign(const CertificateTemplate& form, const KeyPair& key) {
  if (auto fit = CheckForm(form); !fit.ok()) return fit;
  X509Cert certificate(X509_new());
  X509* const x = certificate.get();
  const bool made =
      x != nullptr && FillBody(x, form, form.not_after, key.handle().key.get()) && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
      AddExtension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      AddExtension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") && AddExtension(x, x, NID_subject_key_identifier, "hash") &&
      AddExtension(x, x, NID_authority_key_identifier, "keyid:always") &&
      AddExtension(x, x, NID_subject_alt_name, AlternativeNames(form, false));
  if (!made) return OpensslError("cannot make a CA certificate");
  return Sign(std::move(certificate), key);
}

absl::StatusOr<Certificate> Issue(const CertificateTemplate& form, std::string_view public_key_der, const Certificate& ca,
                                  const KeyPair& ca_key) {
  if (auto fit = CheckForm(form); !fit.ok()) return fit;
  auto holder = PublicKeyFromDer(public_key_der);
  if (!holder.ok()) return holder.status();
  const WallTime not_after = std::min(form.not_after, ca.not_after());
  if (form.not_before >= not_after) return absl::InvalidArgumentError("life: the CA ends before the certificate would begin");
  X509* const issuer = ca.handle().certificate.get();
  X509Cert certificate(X509_new());
  X509* const x = certificate.get();
  const bool server = form.usage == Usage::kServer;
  const bool made = x != nullptr && FillBody(x, form, not_after, holder->get()) &&
                    X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
                    AddExtension(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(x, issuer, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(x, issuer, NID_ext_key_usage, server ? "serverAuth" : "clientAuth") &&
                    AddExtension(x, issuer, NID_subject_key_identifier, "hash") &&
                    AddExtension(x, issuer, NID_authority_key_identifier, "keyid:always") &&
                    AddExtension(x, issuer, NID_subject_alt_name, AlternativeNames(form, server));
  if (!made) return OpensslError("cannot make a certificate");
  return Sign(std::move(certificate), ca_key);
}

}  // namespace switchyard::tls
