// ProxyHeader: the PROXY protocol, by which a proxy in front says whose connection it passes on.
//
// Strict, because the header is believed: version 1 to the letter (single spaces, canonical addresses of the stated family, ports without
// leading zeros), version 2 with every length checked and its CRC32c compared when there is one. Other TLVs (ALPN, AUTHORITY, NETNS, ...)
// must be well formed and are skipped. LOCAL, UNKNOWN, UNSPEC and UNIX say nothing about addresses: those of the connection hold.
// Datagram families are refused: nothing but a stream can carry the header here.
//
// Thread-safety: pure. Cost: linear. Bounds: 107 bytes (version 1), kMaxProxyHeaderBytes (version 2).
// Source: "The PROXY protocol, versions 1 & 2", HAProxy, sections 2.1, 2.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/endpoint.h"

namespace switchyard::agent::codec {

// Addresses take at most 232 bytes; the rest is room for TLVs (a client certificate's names, say).
inline constexpr std::size_t kMaxProxyHeaderBytes = 4096;

struct ProxyHeader {
  // False: the header gives no addresses, and those of the connection hold.
  bool has_addresses = false;
  Endpoint source;
  Endpoint destination;
  // Of the whole header; what follows is the client's.
  std::size_t size = 0;
};

enum class ProxyHeaderState : std::uint8_t { kNeedMore, kDone, kBad };

// `bytes`: all that came so far, and maybe more than the header. kBad as soon as they cannot be the start of a header.
ProxyHeaderState ParseProxyHeader(std::string_view bytes, ProxyHeader& out);

// Addresses of different families go out as IPv6, the IPv4 one mapped (RFC 4291 section 2.5.5.2).
void AppendProxyV1(std::string& out, const Endpoint& source, const Endpoint& destination);
void AppendProxyV2(std::string& out, const Endpoint& source, const Endpoint& destination);

// CRC-32C (Castagnoli; RFC 3720 appendix B.4).
std::uint32_t Crc32c(std::string_view bytes);

}  // namespace switchyard::agent::codec
