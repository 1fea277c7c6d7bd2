#include "common/tls/private_key.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include "common/tls/openssl_types.h"

namespace switchyard::tls {
namespace {

// Never asks a terminal for a passphrase: an encrypted key is refused.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

absl::StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return absl::InvalidArgumentError("is larger than 64 KiB");
  if (pem.find("ENCRYPTED") != std::string_view::npos) {
    return absl::InvalidArgumentError("is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN");
  }
  const Bio bio = ReadBio(pem);
  PKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ClearErrors();
  if (key == nullptr) return absl::InvalidArgumentError("is no private key; expected a PEM block \"PRIVATE KEY\"");
  if (const std::string weak = KeyWeakness(key.get()); !weak.empty()) return absl::InvalidArgumentError(weak);
  auto handle = std::make_shared<Handle>();
  handle->key = std::move(key);
  return PrivateKey(std::move(handle));
}

bool PrivateKey::Matches(const Certificate& certificate) const {
  const bool equal = X509_check_private_key(certificate.handle().certificate.get(), handle_->key.get()) == 1;
  ClearErrors();
  return equal;
}

std::string PrivateKey::Kind() const { return KeyKind(handle_->key.get()); }

}  // namespace switchyard::tls
