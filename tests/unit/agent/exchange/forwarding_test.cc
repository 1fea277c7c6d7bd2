// Goal: what one hop owns stays on its hop, and what a proxy must say of itself is said once, also when the sender lies.
// Method: heads parsed from text, rewritten, and compared as `Name: value` lines.
#include "agent/exchange/forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/codec/h1_parser.h"

namespace switchyard::agent::exchange {
namespace {

using snapshot::ForwardedMode;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> Lines(const std::vector<codec::Header>& headers) {
  std::vector<std::string> out;
  for (const codec::Header& header : headers) out.push_back(std::string(header.name) + ": " + std::string(header.value));
  return out;
}

std::vector<std::string> Rewritten(const std::string& lines, ForwardedMode mode = ForwardedMode::kReplace,
                                   const std::string& ip = "192.0.2.1") {
  const std::string bytes = "GET /x HTTP/1.1\r\nHost: shop.example:8080\r\n" + lines + "\r\n";
  codec::RequestHead head;
  EXPECT_EQ(codec::ParseRequestHead(bytes, codec::HeadLimits(), head), Cause::kNone) << lines;
  snapshot::ListenerConfig listener;
  listener.forwarded = mode;
  listener.via = "edge";
  RequestForwarding forwarding;
  return Lines(forwarding.Rewrite(head, listener, {ip, "http"}));
}

constexpr const char* kForwarded = "Forwarded: for=192.0.2.1;proto=http;host=\"shop.example:8080\"";

TEST(Forwarding, AddsItsOwnFieldsOnce) {
  EXPECT_THAT(Rewritten("Accept: */*\r\n"),
              ElementsAre("Host: shop.example:8080", "Accept: */*", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: http",
                          "X-Forwarded-Host: shop.example:8080", kForwarded, "Via: 1.1 edge"));
}

TEST(Forwarding, HopByHopFieldsStay) {
  for (const char* line :
       {"Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: close", "TE: trailers", "Upgrade: websocket",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Content-Length: 0", "Proxy-Authenticate: Basic"}) {
    EXPECT_EQ(Rewritten(std::string(line) + "\r\n").size(), 6U) << line;
  }
}

TEST(Forwarding, FieldsThatConnectionListsStay) {
  const auto lines = Rewritten("Connection: x-secret, Keep-Alive\r\nX-Secret: 1\r\nX-Other: 2\r\nConnection: x-more\r\nX-MORE: 3\r\n");
  EXPECT_THAT(lines, Not(Contains(StartsWith("X-Secret"))));
  EXPECT_THAT(lines, Not(Contains(StartsWith("X-MORE"))));
  EXPECT_THAT(lines, Contains("X-Other: 2"));
}

TEST(Forwarding, ConnectionCannotRemoveWhatTheProxyAdds) {
  for (const ForwardedMode mode : {ForwardedMode::kReplace, ForwardedMode::kAppend}) {
    const auto lines = Rewritten(
        "Connection: host, x-forwarded-for, x-forwarded-proto, x-forwarded-host, forwarded, via\r\nX-Forwarded-Proto: "
        "https\r\nX-Forwarded-Host: a\r\n",
        mode);
    EXPECT_THAT(lines, Contains("Host: shop.example:8080"));
    EXPECT_THAT(lines, Contains(StartsWith("X-Forwarded-For: ")));
    EXPECT_THAT(lines, Contains(StartsWith("X-Forwarded-Proto: ")));
    EXPECT_THAT(lines, Contains(StartsWith("X-Forwarded-Host: ")));
    EXPECT_THAT(lines, Contains("Via: 1.1 edge"));
  }
}

constexpr const char* kClaims =
    "X-Forwarded-For: 10.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: public.example\r\nForwarded: for=10.9.9.9\r\n";

TEST(Forwarding, ReplaceDropsWhatTheClientClaims) {
  EXPECT_THAT(Rewritten(kClaims), ElementsAre("Host: shop.example:8080", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: http",
                                              "X-Forwarded-Host: shop.example:8080", kForwarded, "Via: 1.1 edge"));
}

TEST(Forwarding, AppendKeepsTheChainAndTheFirstProtoAndHost) {
  const auto lines = Rewritten(kClaims, ForwardedMode::kAppend);
  EXPECT_THAT(lines, Contains("X-Forwarded-For: 10.9.9.9, 192.0.2.1"));
  EXPECT_THAT(lines, Contains("X-Forwarded-Proto: https"));
  EXPECT_THAT(lines, Contains("X-Forwarded-Host: public.example"));
  EXPECT_THAT(lines, Contains(std::string("Forwarded: for=10.9.9.9, ") + (kForwarded + std::string("Forwarded: ").size())));
  EXPECT_EQ(lines.size(), 6U);
}

TEST(Forwarding, AppendJoinsSeveralLinesInOrder) {
  EXPECT_THAT(Rewritten("X-Forwarded-For: a\r\nX-Forwarded-For: b, c\r\n", ForwardedMode::kAppend),
              Contains("X-Forwarded-For: a, b, c, 192.0.2.1"));
}

TEST(Forwarding, KeepTouchesNothing) {
  const auto lines = Rewritten(kClaims, ForwardedMode::kKeep);
  EXPECT_THAT(lines, ElementsAre("Host: shop.example:8080", "X-Forwarded-For: 10.9.9.9", "X-Forwarded-Proto: https",
                                 "X-Forwarded-Host: public.example", "Forwarded: for=10.9.9.9", "Via: 1.1 edge"));
  EXPECT_THAT(Rewritten("", ForwardedMode::kKeep), ElementsAre("Host: shop.example:8080", "Via: 1.1 edge"));
}

TEST(Forwarding, Ipv6ClientsAreQuotedInForwarded) {
  const auto lines = Rewritten("", ForwardedMode::kReplace, "2001:db8::1");
  EXPECT_THAT(lines, Contains("X-Forwarded-For: 2001:db8::1"));
  EXPECT_THAT(lines, Contains(StartsWith("Forwarded: for=\"[2001:db8::1]\";proto=http")));
}

TEST(Forwarding, ViaOfOthersIsKept) {
  EXPECT_THAT(Rewritten("Via: 1.0 fred\r\n"), testing::IsSupersetOf({"Via: 1.0 fred", "Via: 1.1 edge"}));
}

TEST(Forwarding, ObjectIsReusedForTheNextRequest) {
  snapshot::ListenerConfig listener;
  listener.via = "edge";
  RequestForwarding forwarding;
  codec::RequestHead head;
  const std::string first = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n";
  const std::string second = "GET / HTTP/1.0\r\nHost: b\r\n\r\n";
  ASSERT_EQ(codec::ParseRequestHead(first, codec::HeadLimits(), head), Cause::kNone);
  forwarding.Rewrite(head, listener, {"192.0.2.1", "http"});
  ASSERT_EQ(codec::ParseRequestHead(second, codec::HeadLimits(), head), Cause::kNone);
  EXPECT_THAT(Lines(forwarding.Rewrite(head, listener, {"192.0.2.2", "http"})),
              ElementsAre("Host: b", "X-Forwarded-For: 192.0.2.2", "X-Forwarded-Proto: http", "X-Forwarded-Host: b",
                          "Forwarded: for=192.0.2.2;proto=http;host=\"b\"", "Via: 1.0 edge"));
}

TEST(Forwarding, ResponseLosesHopByHopAndFraming) {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nDate: d\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\nSet-Cookie: "
      "a\r\nSet-Cookie: b\r\n\r\n";
  codec::ResponseHead head;
  ASSERT_EQ(codec::ParseResponseHead(bytes, codec::HeadLimits(), false, head), Cause::kNone);
  std::vector<codec::Header> out;
  RewriteResponse(head, "1.1 edge", out);
  EXPECT_THAT(Lines(out), ElementsAre("Date: d", "Set-Cookie: a", "Set-Cookie: b", "Via: 1.1 edge"));
}

TEST(Forwarding, OnlyWeSayThatAnAnswerIsOurs) {
  codec::ResponseHead head;
  head.headers = {{"X-Switchyard-Cause", "no_route", codec::IdOf("X-Switchyard-Cause")}};
  std::vector<codec::Header> out;
  RewriteResponse(head, "1.1 edge", out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].name, "Via");
}

TEST(Trailers, FieldsThatFrameOrRouteAreDropped) {
  const codec::Trailers trailers = {
      {"X-Sum", "1"}, {"Content-Length", "3"}, {"transfer-encoding", "chunked"}, {"Host", "a"}, {"Connection", "x"}};
  codec::Trailers kept;
  ASSERT_NE(FilterTrailers(&trailers, kept), nullptr);
  EXPECT_EQ(kept, (codec::Trailers{{"X-Sum", "1"}}));
  const codec::Trailers only_bad = {{"Content-Length", "3"}};
  EXPECT_EQ(FilterTrailers(&only_bad, kept), nullptr);
  EXPECT_EQ(FilterTrailers(nullptr, kept), nullptr);
}

TEST(Loops, PassesAreCountedByOurNameInVia) {
  const auto passes = [](const std::string& lines) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
    codec::RequestHead head;
    EXPECT_EQ(codec::ParseRequestHead(bytes, codec::HeadLimits(), head), Cause::kNone);
    return PassesThrough(head, "edge");
  };
  EXPECT_EQ(passes(""), 0);
  EXPECT_EQ(passes("Via: 1.1 edge\r\n"), 1);
  EXPECT_EQ(passes("Via: 1.1 edge, 1.0 fred, 1.1 edge\r\nVia: 1.1 edge\r\n"), 3);
  EXPECT_EQ(passes("Via: 1.1 edge , 1.1 fred\r\n"), 1);
  EXPECT_EQ(passes("Via: 1.1 edge (made here)\r\n"), 1);
  EXPECT_EQ(passes("Via: HTTP/1.1 edge\r\n"), 1);
  EXPECT_EQ(passes("Via: 1.1 not-edge, 1.1 edge2, edge\r\n"), 0);
}

}  // namespace
}  // namespace switchyard::agent::exchange
