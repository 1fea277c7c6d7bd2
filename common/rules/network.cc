#include "common/rules/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

namespace switchyard::rules {
namespace {

constexpr std::uint64_t kMapped = std::uint64_t{0xffff} << 32U;
constexpr std::size_t kMaxText = 45;  // INET6_ADDRSTRLEN without its terminator

std::uint64_t BigEndian(const unsigned char* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8U | bytes[i];
  return value;
}

absl::Status Bad(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("is \"{}\"; {}", text.substr(0, 80), why));
}

std::optional<unsigned> ParseLength(std::string_view text, unsigned most) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= most ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  std::array<char, kMaxText + 1> terminated{};
  if (text.empty() || text.size() > kMaxText) return std::nullopt;
  std::memcpy(terminated.data(), text.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  if (text.find(':') == std::string_view::npos) {
    if (inet_pton(AF_INET, terminated.data(), bytes.data()) != 1) return std::nullopt;
    return IpAddress{0, kMapped | BigEndian(bytes.data()) >> 32U};
  }
  if (inet_pton(AF_INET6, terminated.data(), bytes.data()) != 1) return std::nullopt;
  return IpAddress{BigEndian(bytes.data()), BigEndian(bytes.data() + 8)};
}

IpAddress IpAddress::Masked(unsigned length) const {
  const auto first = [](unsigned bits) { return bits == 0 ? 0 : ~std::uint64_t{0} << (64U - bits); };
  if (length >= 128) return *this;
  return length <= 64 ? IpAddress{high & first(length), 0} : IpAddress{high, low & first(length - 64)};
}

absl::StatusOr<Network> Network::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view ip = text.substr(0, slash);
  const std::optional<IpAddress> address = IpAddress::Parse(ip);
  if (!address) return Bad(text, "expected an address or a network, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
  const bool v4 = ip.find(':') == std::string_view::npos;
  Network network{*address, 128};
  if (slash == std::string_view::npos) return network;
  const unsigned most = v4 ? 32 : 128;
  const std::optional<unsigned> length = ParseLength(text.substr(slash + 1), most);
  if (!length) return Bad(text, fmt::format("expected a prefix length from 0 to {} after the '/'", most));
  network.length = *length + (v4 ? 96U : 0U);
  if (address->Masked(network.length) != *address) return Bad(text, "has bits set behind its prefix; write the first address of the network");
  return network;
}

NetworkTable::NetworkTable(const std::vector<Entry>& entries) {
  std::map<unsigned, std::vector<Row>, std::greater<>> by_length;
  for (const Entry& entry : entries) by_length[entry.network.length].push_back({entry.network.address, entry.value});
  for (auto& [length, rows] : by_length) {
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.address < b.address; });
    levels_.push_back({length, std::move(rows)});
  }
}

std::optional<bool> NetworkTable::Find(const IpAddress& client) const {
  for (const Level& level : levels_) {
    const IpAddress masked = client.Masked(level.length);
    const auto at = std::lower_bound(level.rows.begin(), level.rows.end(), masked,
                                     [](const Row& row, const IpAddress& address) { return row.address < address; });
    if (at != level.rows.end() && at->address == masked) return at->value;
  }
  return std::nullopt;
}

}  // namespace switchyard::rules
