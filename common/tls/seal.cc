#include "common/tls/seal.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/base/random.h"
#include "common/tls/openssl_types.h"
#include "common/tls/private_file.h"
#include "common/tls/sha256.h"

namespace switchyard::tls {
namespace {

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeBy<EVP_CIPHER_CTX_free>>;

// Format 1: magic, nonce, text, tag. A protobuf message never begins with 0: there is no field 0.
constexpr std::string_view kMagic = std::string_view("\0SEAL1\0\0", 8);
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kKeyBytes = 32;

const unsigned char* In(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* Out(std::string& bytes, std::size_t at) { return reinterpret_cast<unsigned char*>(bytes.data()) + at; }

absl::Status Damaged() {
  ClearErrors();
  return absl::DataLossError("a sealed text cannot be opened: it is damaged, or the key file is not the one it was sealed with");
}

}  // namespace

Seal::~Seal() { OPENSSL_cleanse(key_.data(), key_.size()); }

absl::StatusOr<std::shared_ptr<const Seal>> Seal::Open(const std::string& path, bool may_make) {
  absl::StatusOr<std::string> text = ReadPrivateFile(path, 2 * kKeyBytes + 1);
  if (may_make && absl::IsNotFound(text.status())) {
    text = ToHex(SecureBytes(kKeyBytes)) + "\n";
    if (absl::Status written = WritePrivateFile(path, *text); !written.ok()) return written;
  }
  if (!text.ok()) return text.status();
  std::string key = FromHex(std::string_view(*text).substr(0, 2 * kKeyBytes), kKeyBytes);
  OPENSSL_cleanse(text->data(), text->size());
  if (key.empty()) {
    return absl::FailedPreconditionError(
        fmt::format("{} is no seal key (64 hex characters); restore it from a backup: without it no secret can be opened", path));
  }
  return std::make_shared<const Seal>(std::move(key));
}

bool Seal::IsSealed(std::string_view bytes) { return bytes.starts_with(kMagic); }

absl::StatusOr<std::string> Seal::Close(std::string_view text, std::string_view context) const {
  std::string out(kMagic);
  out += SecureBytes(kNonceBytes);
  const std::size_t head = out.size();
  out.resize(head + text.size() + kTagBytes);
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool done =
      cipher != nullptr && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, In(key_), Out(out, kMagic.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, In(context), static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), Out(out, head), &size, In(text), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), Out(out, head + static_cast<std::size_t>(size)), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, Out(out, head + text.size())) == 1;
  if (!done) return OpensslError("cannot seal a secret");
  return out;
}

absl::StatusOr<std::string> Seal::Reveal(std::string_view sealed, std::string_view context) const {
  constexpr std::size_t kHead = kMagic.size() + kNonceBytes;
  if (!IsSealed(sealed) || sealed.size() < kHead + kTagBytes) return Damaged();
  const std::string_view body = sealed.substr(kHead, sealed.size() - kHead - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string out(body.size() + 1, '\0');
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  int rest = 0;
  const bool done =
      cipher != nullptr && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, In(key_), In(sealed.substr(kMagic.size()))) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, In(context), static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Out(out, 0), &size, In(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Out(out, body.size()), &rest) == 1;
  if (!done) {
    OPENSSL_cleanse(out.data(), out.size());
    return Damaged();
  }
  out.resize(body.size());
  return out;
}

}  // namespace switchyard::tls
