// Goal: PROXY protocol headers are read to the letter of the specification and written so that they read the same. Method: tables of headers,
// each also fed byte by byte, with bytes of a client behind it.
#include "agent/codec/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard::agent::codec {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

Endpoint At(const std::string& text) { return *Endpoint::Parse(text); }

ProxyHeaderState Parse(const std::string& bytes, ProxyHeader& out) { return ParseProxyHeader(bytes, out); }
ProxyHeaderState Parse(const std::string& bytes) {
  ProxyHeader out;
  return ParseProxyHeader(bytes, out);
}

std::string Tlv(int type, const std::string& value) {
  return std::string(1, static_cast<char>(type)) + static_cast<char>(value.size() >> 8) + static_cast<char>(value.size() & 0xff) + value;
}

std::string V2(const std::string& rest, char command = '\x21', char family = '\x11') {
  return kSignature + command + family + static_cast<char>(rest.size() >> 8) + static_cast<char>(rest.size() & 0xff) + rest;
}

const std::string kV4Addresses("\xcb\x00\x71\x09\xc0\x00\x02\x01\xdc\x04\x01\xbb", 12);  // 203.0.113.9:56324 -> 192.0.2.1:443

std::string WithChecksum(std::string header, std::size_t at) {
  const std::uint32_t sum = Crc32c(header);
  for (int i = 0; i < 4; ++i) header[at + static_cast<std::size_t>(i)] = static_cast<char>(sum >> (24 - 8 * i) & 0xff);
  return header;
}

void ExpectWhole(const std::string& header, const std::string& source, const std::string& destination) {
  SCOPED_TRACE(header.substr(0, 40));
  for (std::size_t size = 0; size < header.size(); ++size) ASSERT_EQ(Parse(header.substr(0, size)), ProxyHeaderState::kNeedMore) << size;
  ProxyHeader out;
  ASSERT_EQ(Parse(header + "GET /", out), ProxyHeaderState::kDone);
  EXPECT_EQ(out.size, header.size());
  EXPECT_EQ(out.has_addresses, !source.empty());
  if (source.empty()) return;
  EXPECT_EQ(out.source.ToString(), source);
  EXPECT_EQ(out.destination.ToString(), destination);
}

TEST(ProxyHeaderTest, ReadsVersionOne) {
  ExpectWhole("PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", "203.0.113.9:56324", "192.0.2.1:443");
  ExpectWhole("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535", "255.255.255.255:65535");
  ExpectWhole("PROXY TCP6 2001:db8::9 ::1 1 65535\r\n", "[2001:db8::9]:1", "[::1]:65535");
  ExpectWhole("PROXY UNKNOWN\r\n", "", "");
  ExpectWhole("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "", "");
}

TEST(ProxyHeaderTest, RefusesVersionOneThatIsNotToTheLetter) {
  for (const std::string bad :
       {"GET / HTTP/1.1\r\n", "PROXY\r\n", "proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", "PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 x\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 ::1 ::1 1 1\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n",
        "PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.04 1 1\r\n", "PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n",
        "PROXY UNKNOWNX\r\n", "PROXY TCP4 1.2.3.4\r1.2.3.4 1 1\r\n"}) {
    EXPECT_EQ(Parse(bad), ProxyHeaderState::kBad) << bad;
  }
  EXPECT_EQ(Parse("PROXY UNKNOWN" + std::string(200, ' ')), ProxyHeaderState::kBad) << "no end within 107 bytes";
  EXPECT_EQ(Parse("PX"), ProxyHeaderState::kBad) << "refused with the first byte that is wrong";
}

TEST(ProxyHeaderTest, ReadsVersionTwo) {
  ExpectWhole(V2(kV4Addresses), "203.0.113.9:56324", "192.0.2.1:443");
  const std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x09" + std::string(15, '\0') + "\x01" +
                         std::string("\x00\x50\x01\xbb", 4);
  ExpectWhole(V2(v6, '\x21', '\x21'), "[2001:db8::9]:80", "[::1]:443");
  ExpectWhole(V2("", '\x20', '\0'), "", "");                     // LOCAL
  ExpectWhole(V2("anything at all", '\x20', '\x55'), "", "");    // LOCAL discards the family too
  ExpectWhole(V2("", '\x21', '\0'), "", "");                     // UNSPEC
  ExpectWhole(V2(std::string(216, 'u'), '\x21', '\x31'), "", "");  // UNIX
}

TEST(ProxyHeaderTest, SkipsTlvsAndComparesTheChecksum) {
  const std::string authority = Tlv(2, "api.example.com");
  ExpectWhole(V2(kV4Addresses + authority + Tlv(4, std::string(30, '\0')) + Tlv(1, "h2")), "203.0.113.9:56324", "192.0.2.1:443");
  const std::string plain = V2(kV4Addresses + authority + Tlv(3, std::string(4, '\0')));
  const std::string summed = WithChecksum(plain, plain.size() - 4);
  ExpectWhole(summed, "203.0.113.9:56324", "192.0.2.1:443");
  EXPECT_EQ(Parse(plain), ProxyHeaderState::kBad) << "a checksum of zeros";
  std::string changed = summed;
  changed[17] ^= 1;
  EXPECT_EQ(Parse(changed), ProxyHeaderState::kBad);
}

TEST(ProxyHeaderTest, RefusesVersionTwoThatDoesNotAddUp) {
  EXPECT_EQ(Parse(V2(kV4Addresses, '\x11')), ProxyHeaderState::kBad) << "version 1 in binary";
  EXPECT_EQ(Parse(V2(kV4Addresses, '\x22')), ProxyHeaderState::kBad) << "an unknown command";
  EXPECT_EQ(Parse(V2(kV4Addresses, '\x21', '\x12')), ProxyHeaderState::kBad) << "datagrams";
  EXPECT_EQ(Parse(V2(kV4Addresses, '\x21', '\x41')), ProxyHeaderState::kBad) << "an unknown family";
  EXPECT_EQ(Parse(V2(kV4Addresses.substr(1))), ProxyHeaderState::kBad) << "short addresses";
  EXPECT_EQ(Parse(V2(kV4Addresses, '\x21', '\x21')), ProxyHeaderState::kBad) << "addresses of the other family";
  EXPECT_EQ(Parse(V2(kV4Addresses + "\x02")), ProxyHeaderState::kBad) << "half a TLV";
  EXPECT_EQ(Parse(V2(kV4Addresses + Tlv(2, "abc").substr(0, 5))), ProxyHeaderState::kBad) << "a TLV beyond the end";
  EXPECT_EQ(Parse(V2(kV4Addresses + Tlv(3, "abc"))), ProxyHeaderState::kBad) << "a checksum of three bytes";
  EXPECT_EQ(Parse(kSignature + "\x21\x11\xff\xff"), ProxyHeaderState::kBad) << "longer than the bound";
  std::string torn = kSignature;
  torn[11] = 'x';
  EXPECT_EQ(Parse(torn), ProxyHeaderState::kBad);
}

TEST(ProxyHeaderTest, ReadsWhatItWrites) {
  for (const auto& [source, destination] : std::vector<std::pair<std::string, std::string>>{
           {"203.0.113.9:1", "192.0.2.1:65535"}, {"[2001:db8::9]:80", "[::1]:443"}}) {
    std::string v1;
    std::string v2;
    AppendProxyV1(v1, At(source), At(destination));
    AppendProxyV2(v2, At(source), At(destination));
    ExpectWhole(v1, source, destination);
    ExpectWhole(v2, source, destination);
  }
  std::string mixed;
  AppendProxyV2(mixed, At("203.0.113.9:1"), At("[::1]:443"));
  ExpectWhole(mixed, "[::ffff:203.0.113.9]:1", "[::1]:443");
}

TEST(ProxyHeaderTest, ChecksumIsTheOneOfTheStandard) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);  // RFC 3720 appendix B.4 and every catalogue of CRCs
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
}

}  // namespace
}  // namespace switchyard::agent::codec
