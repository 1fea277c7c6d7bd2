// DNS messages built by hand, for tests.
//
// Thread-safety: pure.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::dns_bytes {

inline std::string Number(std::uint32_t value, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return out;
}

inline std::string Name(std::string_view dotted) {
  std::string out;
  while (!dotted.empty()) {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    dotted.remove_prefix(label.size() == dotted.size() ? label.size() : label.size() + 1);
  }
  return out + '\0';
}

// A record of the name in the question (by pointer).
inline std::string Record(std::uint32_t type, std::uint32_t ttl, const std::string& data) {
  return "\xc0\x0c" + Number(type, 2) + Number(1, 2) + Number(ttl, 4) + Number(static_cast<std::uint32_t>(data.size()), 2) + data;
}

inline std::string Address(const std::string& ip) {
  std::string out(ip.find(':') == std::string::npos ? 4 : 16, '\0');
  inet_pton(out.size() == 4 ? AF_INET : AF_INET6, ip.c_str(), out.data());
  return out;
}

inline std::string Srv(std::uint32_t priority, std::uint32_t weight, std::uint32_t port, const std::string& target) {
  return Number(priority, 2) + Number(weight, 2) + Number(port, 2) + Name(target);
}

// A response to `question` (name, type and class in bytes) with these answers.
inline std::string Response(const std::string& id, const std::string& question, const std::string& answers, std::uint32_t count, std::uint32_t code = 0) {
  return id + Number(0x8180U | code, 2) + Number(1, 2) + Number(count, 2) + Number(0, 2) + Number(0, 2) + question + answers;
}

}  // namespace switchyard::dns_bytes
