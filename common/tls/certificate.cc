#include "common/tls/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "common/tls/openssl_types.h"
#include "common/tls/sha256.h"

namespace switchyard::tls {
namespace {

using GeneralNames = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;

WallTime FromAsn1(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ClearErrors();
    return WallTime();
  }
  // Years beyond 2262 do not fit nanoseconds; they are as good as for ever. Years before 1970 are as good as 1970.
  constexpr std::time_t kMax = 9'000'000'000;
  return WallTime(std::chrono::seconds(std::clamp<std::time_t>(timegm(&parts), 0, kMax)));
}

GeneralNames AlternativeNames(X509* certificate) {
  GeneralNames names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ClearErrors();
  return names;
}

std::vector<std::string> NamesOfType(X509* certificate, int type) {
  std::vector<std::string> found;
  const GeneralNames names = AlternativeNames(certificate);
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
  for (int i = 0; i < count; ++i) {
    int kind = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    if (kind != type) continue;
    const auto* text = static_cast<const ASN1_STRING*>(value);
    found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return found;
}

// True when only white space is left: PEM readers otherwise skip garbage in silence.
bool OnlyEndLeft() {
  const unsigned long error = ERR_peek_last_error();
  const bool end = error == 0 || (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
  ClearErrors();
  return end;
}

absl::StatusOr<std::vector<Certificate>> ReadAll(std::string_view pem, std::size_t max_bytes, std::size_t max_count) {
  if (pem.size() > max_bytes) return absl::InvalidArgumentError(fmt::format("certificate: larger than {} KiB", max_bytes / 1024));
  const Bio bio = ReadBio(pem);
  std::vector<Certificate> chain;
  ClearErrors();
  for (;;) {
    X509Cert next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    if (chain.size() == max_count) return absl::InvalidArgumentError(fmt::format("certificate: more than {} in one text", max_count));
    auto handle = std::make_shared<Certificate::Handle>();
    handle->certificate = std::move(next);
    chain.push_back(Certificate(std::move(handle)));
  }
  if (!OnlyEndLeft() || chain.empty()) return absl::InvalidArgumentError("certificate: expected PEM blocks \"CERTIFICATE\"");
  return chain;
}

}  // namespace

absl::StatusOr<std::vector<Certificate>> Certificate::ChainFromPem(std::string_view pem) {
  return ReadAll(pem, kMaxPemBytes, kMaxPemCertificates);
}

absl::StatusOr<std::vector<Certificate>> Certificate::BundleFromPem(std::string_view pem) {
  return ReadAll(pem, kMaxBundleBytes, kMaxBundleCertificates);
}

absl::StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  auto chain = ChainFromPem(pem);
  if (!chain.ok()) return chain.status();
  return chain->front();
}

std::string Certificate::ToPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), handle_->certificate.get()) != 1) {
    ClearErrors();
    return {};
  }
  return Drain(bio.get());
}

std::string Certificate::ToDer() const {
  unsigned char* data = nullptr;
  const int size = i2d_X509(handle_->certificate.get(), &data);
  if (size <= 0) {
    ClearErrors();
    return {};
  }
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

std::string Certificate::Fingerprint() const { return Sha256(ToDer()); }

WallTime Certificate::not_before() const { return FromAsn1(X509_get0_notBefore(handle_->certificate.get())); }
WallTime Certificate::not_after() const { return FromAsn1(X509_get0_notAfter(handle_->certificate.get())); }

bool Certificate::is_ca() const {
  const bool ca = X509_check_ca(handle_->certificate.get()) == 1;
  ClearErrors();
  return ca;
}

absl::StatusOr<SpiffeId> Certificate::Spiffe() const {
  const std::vector<std::string> uris = NamesOfType(handle_->certificate.get(), GEN_URI);
  if (uris.size() != 1)
    return absl::InvalidArgumentError(fmt::format("expected exactly one URI in the certificate, found {}", uris.size()));
  return SpiffeId::Parse(uris.front());
}

std::vector<std::string> Certificate::DnsNames() const { return NamesOfType(handle_->certificate.get(), GEN_DNS); }

std::string Certificate::PublicKeyDer() const {
  EVP_PKEY* key = X509_get0_pubkey(handle_->certificate.get());
  return key == nullptr ? std::string() : PublicKeyToDer(key);
}

WallTime RenewalTime(const Certificate& certificate) {
  const WallTime begin = certificate.not_before();
  return begin + (certificate.not_after() - begin) / 3 * 2;
}

}  // namespace switchyard::tls
