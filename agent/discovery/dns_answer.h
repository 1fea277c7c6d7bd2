// DnsAnswer: the records of a DNS response, as bytes became values.
//
// Strict about lengths, lenient about what it does not know: other records are skipped. Names may be compressed; pointers must go backwards,
// so every name ends. Records are taken whatever name they are of, because the answer of a resolver holds the aliases that led to them.
//
// Thread-safety: pure. Cost: linear. Bounds: kMaxRecords; what a longer answer holds beyond is left out. Errors: malformed.
// Source: RFC 1035 section 4.1, RFC 3596 section 2.2, RFC 2782.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::agent::discovery {

inline constexpr std::size_t kMaxRecords = 1024;

enum class DnsType : std::uint16_t { kA = 1, kAaaa = 28, kSrv = 33 };

struct SrvRecord {
  std::string target;  // without a trailing dot; empty: the service is decidedly not available
  std::uint16_t port = 0;
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
};

struct DnsAnswer {
  std::vector<std::string> addresses;  // of A and AAAA, as text
  std::vector<SrvRecord> services;
  // The least of those that were taken and of the aliases that led to them; 0 without any.
  std::uint32_t ttl_seconds = 0;
};

// Nothing: the response is malformed.
std::optional<DnsAnswer> ParseDnsAnswer(std::string_view response);

}  // namespace switchyard::agent::discovery
