// IpAddress, Network, NetworkTable: client addresses and the networks that rules name, with the longest that covers an address.
//
// IPv4 is held as the IPv6 addresses that stand for it (::ffff:0:0/96, RFC 4291 section 2.5.5.2), so that one order serves both and a client
// that comes as `::ffff:192.0.2.1` is the same as `192.0.2.1`.
// Thread-safety: values; NetworkTable is immutable after Build. Cost of a look-up: O(distinct prefix lengths * log(networks)), no
// allocation. Errors: INVALID_ARGUMENT that says what was expected.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::rules {

struct IpAddress {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  // An IPv4 or IPv6 literal without brackets, zone and port. Nothing: it is none.
  static std::optional<IpAddress> Parse(std::string_view text);
  bool is_v4() const { return high == 0 && low >> 32U == 0xffff; }
  // The first `length` bits of 128; the rest are zero.
  IpAddress Masked(unsigned length) const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct Network {
  IpAddress address;
  unsigned length = 128;  // of 128 bits; an IPv4 /8 is 104
  // `10.0.0.0/8`, `2001:db8::/32`, or one address. Bits behind the prefix must be zero: someone meant another network.
  static absl::StatusOr<Network> Parse(std::string_view text);
  bool Covers(const IpAddress& client) const { return client.Masked(length) == address; }
  friend auto operator<=>(const Network&, const Network&) = default;
};

// What a set of networks says about an address: the value of the longest that covers it.
class NetworkTable {
 public:
  NetworkTable() = default;
  struct Entry {
    Network network;
    bool value = true;
  };
  explicit NetworkTable(const std::vector<Entry>& entries);

  // Nothing: none covers it.
  std::optional<bool> Find(const IpAddress& client) const;
  bool empty() const { return levels_.empty(); }

 private:
  struct Row {
    IpAddress address;
    bool value = true;
  };
  struct Level {
    unsigned length = 0;
    std::vector<Row> rows;  // in order of address
  };
  std::vector<Level> levels_;  // longest first
};

}  // namespace switchyard::rules
