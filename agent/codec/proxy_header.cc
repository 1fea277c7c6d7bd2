#include "agent/codec/proxy_header.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace switchyard::agent::codec {
namespace {

constexpr std::string_view kV1Start = "PROXY ";
constexpr std::size_t kMaxV1 = 107;
constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2Fixed = 16;
constexpr std::size_t kV4Bytes = 12;
constexpr std::size_t kV6Bytes = 36;
constexpr std::size_t kUnixBytes = 216;
constexpr std::uint8_t kCrcType = 0x03;
constexpr std::size_t kTlvHeader = 3;

std::uint8_t Byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t Number16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(Byte(bytes, at) << 8U | Byte(bytes, at + 1));
}

bool IsPrefixOf(std::string_view bytes, std::string_view whole) {
  const std::size_t size = std::min(bytes.size(), whole.size());
  return bytes.substr(0, size) == whole.substr(0, size);
}

// --- version 1 ---

std::optional<std::uint16_t> Port(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

// The text up to the next space, which is taken too.
std::string_view Word(std::string_view& rest) {
  const std::size_t at = rest.find(' ');
  const std::string_view word = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return word;
}

bool ReadEndpoint(std::string_view ip, std::string_view port, bool v6, Endpoint& out) {
  const auto number = Port(port);
  // Neither a zone nor white space may hide in an address.
  if (!number || ip.find_first_not_of(v6 ? "0123456789abcdefABCDEF:." : "0123456789.") != std::string_view::npos) return false;
  const absl::StatusOr<Endpoint> endpoint = Endpoint::FromIp(ip, *number);
  if (!endpoint.ok() || endpoint->is_v6() != v6) return false;
  out = *endpoint;
  return true;
}

// `line` stands between "PROXY " and the line's end.
bool ReadV1(std::string_view line, ProxyHeader& out) {
  const std::string_view family = Word(line);
  // Whatever follows UNKNOWN is to be ignored.
  if (family == "UNKNOWN") return true;
  if (family != "TCP4" && family != "TCP6") return false;
  const std::string_view source = Word(line);
  const std::string_view destination = Word(line);
  const std::string_view source_port = Word(line);
  // What is left is the last word; a further space makes it no port.
  out.has_addresses = true;
  return ReadEndpoint(source, source_port, family == "TCP6", out.source) && ReadEndpoint(destination, line, family == "TCP6", out.destination);
}

ProxyHeaderState ParseV1(std::string_view bytes, ProxyHeader& out) {
  const std::size_t end = bytes.substr(0, kMaxV1).find('\n');
  if (end == std::string_view::npos) return bytes.size() >= kMaxV1 ? ProxyHeaderState::kBad : ProxyHeaderState::kNeedMore;
  if (bytes[end - 1] != '\r') return ProxyHeaderState::kBad;
  const std::string_view line = bytes.substr(kV1Start.size(), end - 1 - kV1Start.size());
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos || !ReadV1(line, out)) return ProxyHeaderState::kBad;
  out.size = end + 1;
  return ProxyHeaderState::kDone;
}

// --- version 2 ---

Endpoint FromBytes(std::string_view address, std::uint16_t port) {
  sockaddr_storage storage{};
  if (address.size() == 4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.data(), 4);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.data(), 16);
  }
  return Endpoint::FromSockaddr(storage);
}

// Walks the TLVs of `header` from `at`; the checksum is over the whole header with its own field zero.
bool TlvsHold(std::string_view header, std::size_t at) {
  bool checked = false;
  while (at < header.size()) {
    if (header.size() - at < kTlvHeader) return false;
    const std::uint8_t type = Byte(header, at);
    const std::size_t size = Number16(header, at + 1);
    const std::size_t value = at + kTlvHeader;
    if (header.size() - value < size) return false;
    if (type == kCrcType) {
      if (checked || size != 4) return false;
      checked = true;
      const std::uint32_t stated = static_cast<std::uint32_t>(Number16(header, value)) << 16U | Number16(header, value + 2);
      std::string zeroed(header);
      zeroed.replace(value, 4, 4, '\0');
      if (Crc32c(zeroed) != stated) return false;
    }
    at = value + size;
  }
  return true;
}

// Bytes of the address block of this family; nothing: a family that we do not take.
std::optional<std::size_t> AddressBytes(std::uint8_t family) {
  switch (family) {
    case 0x00: return 0;           // UNSPEC
    case 0x11: return kV4Bytes;    // TCP over IPv4
    case 0x21: return kV6Bytes;    // TCP over IPv6
    case 0x31: return kUnixBytes;  // UNIX stream
    default: return std::nullopt;
  }
}

bool ReadV2(std::string_view header, ProxyHeader& out) {
  const std::uint8_t command = Byte(header, 12) & 0x0fU;
  // LOCAL: the proxy speaks for itself (a health check), and the rest is to be skipped.
  if (command == 0) return true;
  const std::uint8_t family = Byte(header, 13);
  const auto addresses = AddressBytes(family);
  if (!addresses || header.size() - kV2Fixed < *addresses) return false;
  // Without a family nothing says where TLVs would start.
  if (family == 0x00) return true;
  if (!TlvsHold(header, kV2Fixed + *addresses)) return false;
  if (family == 0x31) return true;
  const std::size_t width = family == 0x11 ? 4 : 16;
  out.has_addresses = true;
  out.source = FromBytes(header.substr(kV2Fixed, width), Number16(header, kV2Fixed + 2 * width));
  out.destination = FromBytes(header.substr(kV2Fixed + width, width), Number16(header, kV2Fixed + 2 * width + 2));
  return true;
}

ProxyHeaderState ParseV2(std::string_view bytes, ProxyHeader& out) {
  if (bytes.size() > 12 && (Byte(bytes, 12) >> 4U != 2 || (Byte(bytes, 12) & 0x0fU) > 1)) return ProxyHeaderState::kBad;
  if (bytes.size() < kV2Fixed) return ProxyHeaderState::kNeedMore;
  const std::size_t size = kV2Fixed + Number16(bytes, 14);
  if (size > kMaxProxyHeaderBytes) return ProxyHeaderState::kBad;
  if (bytes.size() < size) return ProxyHeaderState::kNeedMore;
  if (!ReadV2(bytes.substr(0, size), out)) return ProxyHeaderState::kBad;
  out.size = size;
  return ProxyHeaderState::kDone;
}

// --- writing ---

std::string AddressOf(const Endpoint& endpoint, bool v6) {
  if (endpoint.is_v6()) return std::string(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6*>(endpoint.address())->sin6_addr), 16);
  std::string out = v6 ? std::string(10, '\0') + "\xff\xff" : std::string();
  return out.append(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(endpoint.address())->sin_addr), 4);
}

Endpoint AsV6(const Endpoint& endpoint) { return FromBytes(AddressOf(endpoint, true), endpoint.port()); }

void Append16(std::string& out, std::size_t value) {
  out.push_back(static_cast<char>(value >> 8U & 0xffU));
  out.push_back(static_cast<char>(value & 0xffU));
}

constexpr std::array<std::uint32_t, 256> MakeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? value >> 1U ^ 0x82f63b78U : value >> 1U;
    table[i] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = MakeCrcTable();

}  // namespace

std::uint32_t Crc32c(std::string_view bytes) {
  std::uint32_t value = 0xffffffffU;
  for (const char c : bytes) value = value >> 8U ^ kCrcTable[(value ^ static_cast<std::uint8_t>(c)) & 0xffU];
  return ~value;
}

ProxyHeaderState ParseProxyHeader(std::string_view bytes, ProxyHeader& out) {
  out = ProxyHeader();
  if (IsPrefixOf(bytes, kV2Signature)) {
    return bytes.size() < kV2Signature.size() ? ProxyHeaderState::kNeedMore : ParseV2(bytes, out);
  }
  if (!IsPrefixOf(bytes, kV1Start)) return ProxyHeaderState::kBad;
  return bytes.size() < kV1Start.size() ? ProxyHeaderState::kNeedMore : ParseV1(bytes, out);
}

void AppendProxyV1(std::string& out, const Endpoint& source, const Endpoint& destination) {
  const bool v6 = source.is_v6() || destination.is_v6();
  const Endpoint from = v6 ? AsV6(source) : source;
  const Endpoint to = v6 ? AsV6(destination) : destination;
  out.append(kV1Start).append(v6 ? "TCP6 " : "TCP4 ").append(from.ip()).append(" ").append(to.ip());
  out.append(" ").append(std::to_string(from.port())).append(" ").append(std::to_string(to.port())).append("\r\n");
}

void AppendProxyV2(std::string& out, const Endpoint& source, const Endpoint& destination) {
  const bool v6 = source.is_v6() || destination.is_v6();
  out.append(kV2Signature).append(1, '\x21').append(1, v6 ? '\x21' : '\x11');
  Append16(out, v6 ? kV6Bytes : kV4Bytes);
  out.append(AddressOf(source, v6)).append(AddressOf(destination, v6));
  Append16(out, source.port());
  Append16(out, destination.port());
}

}  // namespace switchyard::agent::codec
