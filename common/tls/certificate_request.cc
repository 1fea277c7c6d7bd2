#include "common/tls/certificate_request.h"

#include <openssl/pem.h>

#include "common/tls/openssl_types.h"

namespace switchyard::tls {

absl::StatusOr<std::string> MakeCertificateRequest(const KeyPair& key, std::string_view common_name) {
  if (common_name.empty() || common_name.size() > 64) return absl::InvalidArgumentError("common name: expected 1-64 characters");
  const X509Req request(X509_REQ_new());
  const Bio bio(BIO_new(BIO_s_mem()));
  if (request == nullptr || bio == nullptr) return OpensslError("cannot make a certificate request");
  EVP_PKEY* const pkey = key.handle().key.get();
  const auto* name = reinterpret_cast<const unsigned char*>(common_name.data());
  X509_NAME* const subject = X509_REQ_get_subject_name(request.get());
  const bool made =
      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, static_cast<int>(common_name.size()), -1, 0) == 1 &&
      X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 && X509_REQ_set_pubkey(request.get(), pkey) == 1 &&
      X509_REQ_sign(request.get(), pkey, EVP_sha256()) > 0 && PEM_write_bio_X509_REQ(bio.get(), request.get()) == 1;
  if (!made) return OpensslError("cannot make a certificate request");
  return Drain(bio.get());
}

absl::StatusOr<CertificateRequest> CertificateRequest::FromPem(std::string_view pem) {
  if (pem.size() > kMaxRequestBytes) return absl::InvalidArgumentError("certificate request: larger than 16 KiB");
  const Bio bio = ReadBio(pem);
  const X509Req request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  ClearErrors();
  if (request == nullptr) return absl::InvalidArgumentError("certificate request: expected a PEM block \"CERTIFICATE REQUEST\"");
  EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || !IsP256(key)) {
    ClearErrors();
    return absl::InvalidArgumentError("certificate request: expected an ECDSA P-256 key, the only kind accepted");
  }
  const bool holds = X509_REQ_verify(request.get(), key) == 1;
  ClearErrors();
  if (!holds) return absl::InvalidArgumentError("certificate request: its signature does not hold");
  return CertificateRequest(PublicKeyToDer(key));
}

}  // namespace switchyard::tls
