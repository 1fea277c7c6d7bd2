#include "common/tls/tls13.h"

#include <openssl/conf.h>

#include <mutex>

#include "common/tls/openssl_types.h"

namespace switchyard::tls {
namespace {

// The cipher string is Debian's own, which our configuration would otherwise displace.
constexpr std::string_view kFloor = R"(openssl_conf = switchyard
[switchyard]
ssl_conf = contexts
[contexts]
system_default = floor
[floor]
Protocol = -ALL,TLSv1.3
CipherString = DEFAULT:@SECLEVEL=2
)";

absl::Status LoadFloor() {
  // First whatever the machine's openssl.cnf says, so that it cannot be loaded over ours later.
  if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr) != 1) return OpensslError("cannot start OpenSSL");
  ClearErrors();
  const std::unique_ptr<CONF, FreeBy<NCONF_free>> configuration(NCONF_new(nullptr));
  const Bio bio = ReadBio(kFloor);
  long line = 0;
  if (configuration == nullptr || NCONF_load_bio(configuration.get(), bio.get(), &line) != 1 ||
      CONF_modules_load(configuration.get(), nullptr, 0) != 1) {
    return OpensslError("cannot require TLS 1.3");
  }
  // Believed only when seen: a context made now must refuse the older versions.
  const SslContext probe(SSL_CTX_new(TLS_method()));
  constexpr auto kOlder = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2;
  if (probe == nullptr || (SSL_CTX_get_options(probe.get()) & kOlder) != kOlder) return OpensslError("TLS 1.3 is not in force");
  return absl::OkStatus();
}

}  // namespace

absl::Status RequireTls13() {
  static std::once_flag once;
  static absl::Status result;
  std::call_once(once, [] { result = LoadFloor(); });
  return result;
}

}  // namespace switchyard::tls
