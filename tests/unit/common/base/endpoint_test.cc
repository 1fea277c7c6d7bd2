// Goal: an address is read in exactly one form and means the same everywhere. Method: tables of good and bad texts.
#include "common/base/endpoint.h"

#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace switchyard {
namespace {

TEST(Endpoint, ReadsBackWhatItWrote) {
  for (const std::string text : {"10.0.0.1:8080", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:0", "[fe80::1]:1", "[2001:db8::ff00:42:8329]:443"}) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint.ok()) << text << endpoint.status();
    EXPECT_EQ(endpoint->ToString(), text);
  }
}

TEST(Endpoint, WritesIpv6InItsCanonicalForm) { EXPECT_EQ(Endpoint::Parse("[2001:DB8:0:0:0:0:0:1]:80")->ToString(), "[2001:db8::1]:80"); }

TEST(Endpoint, RefusesEverythingElseAndQuotesIt) {
  for (const std::string text :
       {"", ":", ":80", "80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:080", "10.0.0.1:-1", "10.0.0.1:+1", "10.0.0.1: 80", " 10.0.0.1:80",
        "10.0.0.1:80 ", "10.0.0.1:8o", "10.0.0:80", "10.0.0.256:80", "010.0.0.1:80", "localhost:80", "::1:80", "[::1]", "[::1]:", "::1", "[10.0.0.1]:80",
        "[::1:80", "::1]:80", "[]:80", "[::g]:80", "[::1%lo]:80", "10.0.0.1:99999999999999999999"}) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Message(endpoint.status())), testing::StartsWith("\"" + text + "\""));
  }
  EXPECT_FALSE(Endpoint::Parse(std::string("10.0.0.1\0:80", 12)).ok());
}

TEST(Endpoint, QuotesOnlyTheStartOfALongText) {
  EXPECT_LT(Message(Endpoint::Parse(std::string(100'000, 'x')).status()).size(), 300U);
}

TEST(Endpoint, TakesIpAndPortApart) {
  const Endpoint v6 = *Endpoint::FromIp("::1", 80);
  EXPECT_TRUE(v6.is_v6());
  EXPECT_EQ(v6.ip(), "::1");
  EXPECT_EQ(v6.port(), 80);
  EXPECT_EQ(v6.length(), sizeof(sockaddr_in6));
  const Endpoint v4 = *Endpoint::FromIp("10.1.2.3", 65535);
  EXPECT_FALSE(v4.is_v6());
  EXPECT_EQ(v4.ip(), "10.1.2.3");
  EXPECT_EQ(v4.port(), 65535);
  EXPECT_EQ(v4.length(), sizeof(sockaddr_in));
  EXPECT_FALSE(Endpoint::FromIp("[::1]", 80).ok());
  EXPECT_FALSE(Endpoint::FromIp("example.com", 80).ok());
}

TEST(Endpoint, ComparesByFamilyAddressAndPort) {
  const auto at = [](const char* text) { return *Endpoint::Parse(text); };
  EXPECT_EQ(at("10.0.0.1:80"), at("10.0.0.1:80"));
  EXPECT_EQ(at("[::1]:80"), at("[0:0::1]:80"));
  EXPECT_FALSE(at("10.0.0.1:80") == at("10.0.0.1:81"));
  EXPECT_FALSE(at("10.0.0.1:80") == at("10.0.0.2:80"));
  EXPECT_FALSE(at("[::1]:80") == at("[::2]:80"));
  EXPECT_FALSE(at("0.0.0.0:0") == at("[::]:0"));
  EXPECT_EQ(Endpoint(), at("0.0.0.0:0"));
}

TEST(Endpoint, ComesBackFromTheSystemsForm) {
  for (const std::string text : {"10.0.0.1:8080", "[2001:db8::1]:443"}) {
    const Endpoint endpoint = *Endpoint::Parse(text);
    sockaddr_storage raw{};
    std::memcpy(&raw, endpoint.address(), endpoint.length());
    EXPECT_EQ(Endpoint::FromSockaddr(raw), endpoint);
  }
}

TEST(Endpoint, KnowsLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1"}) EXPECT_TRUE(Endpoint::Parse(text)->is_loopback()) << text;
  for (const char* text : {"128.0.0.1:1", "10.0.0.1:1", "0.0.0.0:1", "[::]:1", "[::2]:1"}) EXPECT_FALSE(Endpoint::Parse(text)->is_loopback()) << text;
}

}  // namespace
}  // namespace switchyard
