// What contexts are made from: the settings of `switchyard.v1.ListenerTls` and `UpstreamTls` with names resolved to contents.
//
// Thread-safety: values. They hold private keys: not to be logged or kept longer than a context takes to build.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::agent::tls {

enum class Version : std::uint8_t { kTls12, kTls13 };
enum class ClientAuth : std::uint8_t { kNone, kOptional, kRequired };

struct ServedCertificate {
  std::string chain_pem;
  std::string key_pem;
  // DER of an OCSP response; empty: none.
  std::string staple;
};

struct ServerOptions {
  // Sessions are resumed only where this is the same: the listener's name.
  std::string scope;
  std::vector<ServedCertificate> certificates;
  bool strict_sni = false;
  Version min_version = Version::kTls12;
  Version max_version = Version::kTls13;
  // In order of preference. Not empty.
  std::vector<std::string> alpn;
  ClientAuth client_auth = ClientAuth::kNone;
  std::string client_ca_pem;
  std::vector<std::string> client_names;
  bool resumption = true;
};

struct ClientOptions {
  std::string server_name;
  // Empty: the host's own CAs.
  std::string ca_pem;
  std::vector<std::string> names;
  std::vector<std::string> pins;
  std::string chain_pem;
  std::string key_pem;
  bool insecure_skip_verify = false;
  Version min_version = Version::kTls12;
  Version max_version = Version::kTls13;
  std::vector<std::string> alpn;
  bool resumption = true;
};

}  // namespace switchyard::agent::tls
