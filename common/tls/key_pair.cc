#include "common/tls/key_pair.h"

#include <openssl/pem.h>

#include "common/tls/certificate.h"
#include "common/tls/openssl_types.h"

namespace switchyard::tls {
namespace {

// Never asks a terminal for a passphrase: an encrypted key is refused.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

absl::StatusOr<KeyPair> KeyPair::Generate() {
  PKey key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpensslError("cannot make a P-256 key");
  auto handle = std::make_shared<Handle>();
  handle->key = std::move(key);
  return KeyPair(std::move(handle));
}

absl::StatusOr<KeyPair> KeyPair::FromPem(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return absl::InvalidArgumentError("private key: larger than 64 KiB");
  const Bio bio = ReadBio(pem);
  PKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ClearErrors();
  if (key == nullptr) return absl::InvalidArgumentError("private key: expected an unencrypted PEM block \"PRIVATE KEY\"");
  if (!IsP256(key.get())) return absl::InvalidArgumentError("private key: expected ECDSA P-256, the only kind accepted");
  auto handle = std::make_shared<Handle>();
  handle->key = std::move(key);
  return KeyPair(std::move(handle));
}

absl::StatusOr<std::string> KeyPair::ToPem() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), handle_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return OpensslError("cannot write the private key as PEM");
  }
  return Drain(bio.get());
}

std::string KeyPair::PublicKeyDer() const { return PublicKeyToDer(handle_->key.get()); }

}  // namespace switchyard::tls
