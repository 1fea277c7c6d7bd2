#include "common/base/endpoint.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace switchyard {
namespace {

absl::Status Bad(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("\"{}\" {}", text.substr(0, 80), why));
}

absl::StatusOr<std::uint16_t> ParsePort(std::string_view whole, std::string_view text) {
  std::uint32_t port = 0;
  const bool digits = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
  const bool padded = text.size() > 1 && text.front() == '0';
  std::from_chars(text.data(), text.data() + text.size(), port);
  if (!digits || padded || port > 65535) {
    return Bad(whole, "has no valid port; expected a number from 0 to 65535 after the last ':'");
  }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

Endpoint::Endpoint() : storage_{} { storage_.ss_family = AF_INET; }

absl::StatusOr<Endpoint> Endpoint::FromIp(std::string_view ip, std::uint16_t port) {
  Endpoint endpoint;
  const std::string text(ip);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint.storage_);
  if (text.find('\0') == std::string::npos && inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_port = htons(port);
    return endpoint;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&endpoint.storage_);
  if (text.find('\0') == std::string::npos && inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return endpoint;
  }
  return Bad(ip, "is not an IP address; expected a literal such as 10.0.0.1 or ::1");
}

absl::StatusOr<Endpoint> Endpoint::Parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Bad(text, "has no port; expected IP:port, such as 10.0.0.1:8080 or [::1]:8080");
  std::string_view host = text.substr(0, colon);
  const absl::StatusOr<std::uint16_t> port = ParsePort(text, text.substr(colon + 1));
  if (!port.ok()) return port.status();
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool v6 = host.find(':') != std::string_view::npos;
  if (v6 != bracketed) return Bad(text, "is not an address; expected IP:port, with an IPv6 address in brackets: [::1]:8080");
  absl::StatusOr<Endpoint> endpoint = FromIp(host, *port);
  if (!endpoint.ok()) return Bad(text, "is not an address; expected an IP literal and a port, such as 10.0.0.1:8080 or [::1]:8080");
  return endpoint;
}

Endpoint Endpoint::FromSockaddr(const sockaddr_storage& address) {
  Endpoint endpoint;
  endpoint.storage_ = address;
  return endpoint;
}

std::uint16_t Endpoint::port() const {
  if (is_v6()) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
}

std::string Endpoint::ip() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw = is_v6() ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr)
                            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr);
  inet_ntop(storage_.ss_family, raw, text.data(), text.size());
  return text.data();
}

std::string Endpoint::ToString() const {
  return is_v6() ? fmt::format("[{}]:{}", ip(), port()) : fmt::format("{}:{}", ip(), port());
}

bool Endpoint::is_loopback() const {
  if (is_v6()) return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr) != 0;
  return (ntohl(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr) >> 24U) == 127;
}

bool operator==(const Endpoint& a, const Endpoint& b) {
  if (a.is_v6() != b.is_v6() || a.port() != b.port()) return false;
  if (a.is_v6()) {
    return std::memcmp(&reinterpret_cast<const sockaddr_in6*>(&a.storage_)->sin6_addr,
                       &reinterpret_cast<const sockaddr_in6*>(&b.storage_)->sin6_addr, sizeof(in6_addr)) == 0;
  }
  return reinterpret_cast<const sockaddr_in*>(&a.storage_)->sin_addr.s_addr ==
         reinterpret_cast<const sockaddr_in*>(&b.storage_)->sin_addr.s_addr;
}

}  // namespace switchyard
