// Endpoint: an IP address and a port, as a value.
//
// Thread-safety: a value. Errors: parsing returns INVALID_ARGUMENT that quotes the input and says what was expected. No DNS here.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace switchyard {

class Endpoint {
 public:
  // 0.0.0.0:0
  Endpoint();
  // `IP:port` or `[IPv6]:port`; port 0-65535, no leading zeros, no names, no white space.
  static absl::StatusOr<Endpoint> Parse(std::string_view text);
  // `ip` is an IPv4 or IPv6 literal without brackets.
  static absl::StatusOr<Endpoint> FromIp(std::string_view ip, std::uint16_t port);
  // REQUIRES: family is AF_INET or AF_INET6.
  static Endpoint FromSockaddr(const sockaddr_storage& address);

  bool is_v6() const { return storage_.ss_family == AF_INET6; }
  std::uint16_t port() const;
  // Without brackets and port.
  std::string ip() const;
  // `10.0.0.1:80` or `[::1]:80`.
  std::string ToString() const;
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  bool is_loopback() const;

  friend bool operator==(const Endpoint& a, const Endpoint& b);

 private:
  sockaddr_storage storage_;
};

}  // namespace switchyard
