#include "common/tls/sha1.h"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>

namespace switchyard::tls {

std::string Sha1(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // Built into libcrypto: failing means that memory is exhausted or the library is broken, and nothing safe could follow.
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) std::abort();
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace switchyard::tls
