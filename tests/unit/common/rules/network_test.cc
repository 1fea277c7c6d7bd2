// Goal: networks are read strictly, and the longest that covers an address decides.
// Method: tables; then random tables against a plain reading of the rule, with a printed seed.
#include "common/rules/network.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/random.h"
#include "common/base/status.h"

namespace switchyard::rules {
namespace {

TEST(Network, ReadsAddressesAndPrefixes) {
  for (const char* text : {"10.0.0.0/8", "192.0.2.7", "0.0.0.0/0", "2001:db8::/32", "::1", "::/0", "10.1.2.3/32"}) {
    EXPECT_TRUE(Network::Parse(text).ok()) << text;
  }
}

TEST(Network, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "expected an address"},          {"10.0.0", "expected an address"},       {"10.0.0.0/33", "prefix length from 0 to 32"},
      {"10.0.0.0/", "prefix length"},       {"10.0.0.0/08", "prefix length"},        {"10.0.0.0/-1", "prefix length"},
      {"10.0.0.1/8", "behind its prefix"},  {"2001:db8::1/32", "behind its prefix"}, {"2001:db8::/129", "from 0 to 128"},
      {"example.com", "expected an address"}, {"10.0.0.0/8/8", "prefix length"},     {"[::1]", "expected an address"}};
  for (const auto& [text, reason] : cases) {
    const auto network = Network::Parse(text);
    ASSERT_FALSE(network.ok()) << text;
    EXPECT_NE(Message(network.status()).find(reason), std::string_view::npos) << text << ": " << network.status();
  }
}

TEST(NetworkTable, LongestPrefixDecides) {
  const auto net = [](const char* text) { return *Network::Parse(text); };
  const NetworkTable table({{net("10.0.0.0/8"), true}, {net("10.1.0.0/16"), false}, {net("10.1.1.7"), true}, {net("2001:db8::/32"), false}});
  const auto find = [&](const char* text) { return table.Find(*IpAddress::Parse(text)); };
  EXPECT_EQ(find("10.2.0.1"), true);
  EXPECT_EQ(find("10.1.0.1"), false);
  EXPECT_EQ(find("10.1.1.7"), true);
  EXPECT_EQ(find("::ffff:10.1.1.7"), true);
  EXPECT_EQ(find("2001:db8::5"), false);
  EXPECT_EQ(find("192.0.2.1"), std::nullopt);
}

TEST(NetworkTable, AgreesWithAPlainReadingOnRandomTables) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<NetworkTable::Entry> entries;
    for (int i = 0; i < 20; ++i) {
      const auto length = static_cast<unsigned>(96 + random.Below(33));
      // Few distinct bits, so that networks lie in each other.
      const IpAddress base{0, (std::uint64_t{0xffff} << 32U) | (random.Below(4) << 30U) | random.Below(4)};
      const Network network{base.Masked(length), length};
      const bool known = std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.network == network; });
      if (!known) entries.push_back({network, random.Below(2) == 0});
    }
    const NetworkTable table(entries);
    for (int i = 0; i < 50; ++i) {
      const IpAddress client{0, (std::uint64_t{0xffff} << 32U) | (random.Below(4) << 30U) | random.Below(4)};
      std::optional<bool> expected;
      int longest = -1;
      for (const auto& entry : entries) {
        if (!entry.network.Covers(client) || static_cast<int>(entry.network.length) <= longest) continue;
        longest = static_cast<int>(entry.network.length);
        expected = entry.value;
      }
      ASSERT_EQ(table.Find(client), expected);
    }
  }
}

}  // namespace
}  // namespace switchyard::rules
