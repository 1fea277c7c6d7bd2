// Goal: a head is read as RFC 9112 says or refused with the right cause; never read in a way that another reader would not.
// Method: tables of heads as data.
#include "agent/codec/h1_parser.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace switchyard {
void PrintTo(Cause cause, std::ostream* out) { *out << Describe(cause).name; }
}  // namespace switchyard

namespace switchyard::agent::codec {
namespace {

struct Row {
  std::string lines;
  Cause cause;
};

Cause CauseOf(const std::string& head, RequestHead& out) { return ParseRequestHead(head, HeadLimits(), out); }

void ExpectRequests(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    RequestHead out;
    EXPECT_EQ(CauseOf(row.lines + "\r\n", out), row.cause) << row.lines;
  }
}

std::string Get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n"; }
std::string Post(const std::string& headers) { return "POST / HTTP/1.1\r\nHost: a\r\n" + headers; }

TEST(RequestHead, PartsAreViewsOfTheBytes) {
  const std::string bytes =
      "PATCH /a/b?c=d/e?f HTTP/1.1\r\nHost: Example.com:8080\r\nX-Thing:  some \t words \t\r\nEmpty:\r\nContent-Length: 12\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(CauseOf(bytes, head), Cause::kNone);
  EXPECT_EQ(head.method, "PATCH");
  EXPECT_EQ(head.target, "/a/b?c=d/e?f");
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.path_and_query, "/a/b?c=d/e?f");
  EXPECT_EQ(head.authority, "Example.com:8080");
  EXPECT_EQ(head.host, "Example.com");
  ASSERT_EQ(head.headers.size(), 4U);
  EXPECT_EQ(head.headers[0].id, FieldId::kHost);
  EXPECT_EQ(head.headers[1].name, "X-Thing");
  EXPECT_EQ(head.headers[1].value, "some \t words");
  EXPECT_EQ(head.headers[2].value, "");
  EXPECT_EQ(head.framing, Framing::kLength);
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_GE(head.headers[1].name.data(), bytes.data());
  EXPECT_LE(head.headers[1].value.data() + head.headers[1].value.size(), bytes.data() + bytes.size());
}

TEST(RequestHead, IsReusedWithoutTraces) {
  RequestHead head;
  ASSERT_EQ(CauseOf("POST /x HTTP/1.0\r\nTransfer: 1\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", head), Cause::kNone);
  ASSERT_EQ(CauseOf("GET / HTTP/1.1\r\nHost: b\r\n\r\n", head), Cause::kNone);
  EXPECT_EQ(head.headers.size(), 1U);
  EXPECT_EQ(head.framing, Framing::kNone);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_EQ(head.minor_version, 1);
}

TEST(RequestHead, TargetTable) {
  ExpectRequests({{Get("/"), Cause::kNone},
                  {Get("/a//b/"), Cause::kNone},
                  {Get("/?q=../.."), Cause::kNone},
                  {Get("/%41%2d%5B"), Cause::kNone},
                  {Get("/...%2e"), Cause::kNone},
                  {Get("/.a/b."), Cause::kNone},
                  {Get("http://b.example/x"), Cause::kNone},
                  {Get("HTTPS://b.example"), Cause::kNone},
                  {"OPTIONS * HTTP/1.1\r\nHost: a\r\n", Cause::kNone},
                  {Get("*"), Cause::kBadRequest},
                  {Get("a"), Cause::kBadRequest},
                  {Get("//a"), Cause::kBadRequest},
                  {Get("/.."), Cause::kBadRequest},
                  {Get("/a/./b"), Cause::kBadRequest},
                  {Get("/a/%2e%2E/b"), Cause::kBadRequest},
                  {Get("/a/.%2e"), Cause::kBadRequest},
                  {Get("/a%2fb"), Cause::kBadRequest},
                  {Get("/a%2Fb"), Cause::kBadRequest},
                  {Get("/a%5cb"), Cause::kBadRequest},
                  {Get("/a%00"), Cause::kBadRequest},
                  {Get("/a\\b"), Cause::kBadRequest},
                  {Get("/%"), Cause::kBadRequest},
                  {Get("/%4"), Cause::kBadRequest},
                  {Get("/%zz"), Cause::kBadRequest},
                  {Get("ftp://b/x"), Cause::kBadRequest},
                  {Get("http://user@b/x"), Cause::kBadRequest},
                  {Get("http:///x"), Cause::kBadRequest},
                  {Get("http://b?x"), Cause::kBadRequest},
                  {"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n", Cause::kNotImplemented}});
}

TEST(RequestHead, HostTable) {
  const auto host = [](const std::string& lines) { return "GET / HTTP/1.1\r\n" + lines; };
  ExpectRequests({{host("Host: a.example:80\r\n"), Cause::kNone},
                  {host("Host: [::1]:80\r\n"), Cause::kNone},
                  {host("hOsT: a\r\n"), Cause::kNone},
                  {host("Host:\r\n"), Cause::kNone},
                  {"GET / HTTP/1.0\r\n", Cause::kNone},
                  {host(""), Cause::kBadRequest},
                  {host("Host: a\r\nHost: a\r\n"), Cause::kBadRequest},
                  {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n", Cause::kBadRequest},
                  {host("Host: a, b\r\n"), Cause::kBadRequest},
                  {host("Host: a b\r\n"), Cause::kBadRequest},
                  {host("Host: a/b\r\n"), Cause::kBadRequest},
                  {host("Host: u@a\r\n"), Cause::kBadRequest},
                  {host("Host: a:b\r\n"), Cause::kBadRequest},
                  {host("Host: a:65536\r\n"), Cause::kBadRequest},
                  {host("Host: [::1\r\n"), Cause::kBadRequest},
                  {host("Host: [::g]\r\n"), Cause::kBadRequest},
                  {host("Host: ::1\r\n"), Cause::kBadRequest}});
}

TEST(RequestHead, AbsoluteTargetWinsOverHost) {
  const std::string bytes = "GET http://b.example:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(CauseOf(bytes, head), Cause::kNone);
  EXPECT_EQ(head.authority, "b.example:81");
  EXPECT_EQ(head.host, "b.example");
  EXPECT_EQ(head.path_and_query, "/p?q");
}

TEST(RequestHead, FramingTable) {
  ExpectRequests({{Post("Content-Length: 0\r\n"), Cause::kNone},
                  {Post("Content-Length: 007\r\n"), Cause::kNone},
                  {Post("Transfer-Encoding: Chunked\r\n"), Cause::kNone},
                  {Post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), Cause::kBadRequest},
                  {Post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: 3\r\nContent-Length: 3\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: 3\r\nContent-Length: 4\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: 3, 3\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: +3\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: -3\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: 0x3\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: 3 3\r\n"), Cause::kBadRequest},
                  {Post("Content-Length:\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: 99999999999999999999\r\n"), Cause::kBadRequest},
                  {Post("Content-Length: 18446744073709551616\r\n"), Cause::kBadRequest},
                  {Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Cause::kBadRequest},
                  {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", Cause::kBadRequest}});
}

TEST(RequestHead, OtherTransferCodingsAreRefused) {
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, chunked", "chunked, identity", "xchunked", "identity", "chunked;a=b"}) {
    RequestHead out;
    const Cause cause = CauseOf(Post(std::string("Transfer-Encoding: ") + coding + "\r\n") + "\r\n", out);
    EXPECT_TRUE(cause == Cause::kNotImplemented || cause == Cause::kBadRequest) << coding << ' ' << Describe(cause).name;
  }
}

TEST(RequestHead, VersionTable) {
  const auto version = [](const std::string& text) { return "GET / " + text + "\r\nHost: a\r\n"; };
  ExpectRequests({{version("HTTP/1.0"), Cause::kNone},
                  {version("HTTP/1.1"), Cause::kNone},
                  {version("HTTP/1.2"), Cause::kVersionNotSupported},
                  {version("HTTP/2.0"), Cause::kVersionNotSupported},
                  {version("HTTP/0.9"), Cause::kVersionNotSupported},
                  {version("HTTP/1.11"), Cause::kBadRequest},
                  {version("HTTP/1"), Cause::kBadRequest},
                  {version("http/1.1"), Cause::kBadRequest},
                  {version("XTTP/1.1"), Cause::kBadRequest},
                  {version("ICE/1.0"), Cause::kBadRequest}});
}

TEST(RequestHead, MethodThatIsUnknownIsNotImplemented) {
  ExpectRequests({{"BREW / HTTP/1.1\r\nHost: a\r\n", Cause::kNotImplemented},
                  {"get / HTTP/1.1\r\nHost: a\r\n", Cause::kNotImplemented},
                  {"G(T / HTTP/1.1\r\nHost: a\r\n", Cause::kBadRequest},
                  {"M-SEARCH / HTTP/1.1\r\nHost: a\r\n", Cause::kNone}});
}

TEST(RequestHead, PersistenceTable) {
  const auto keeps = [](const std::string& head) {
    RequestHead out;
    EXPECT_EQ(CauseOf(head + "\r\n", out), Cause::kNone) << head;
    return out.keep_alive;
  };
  EXPECT_TRUE(keeps(Get("/")));
  EXPECT_FALSE(keeps(Get("/") + "Connection: close\r\n"));
  EXPECT_FALSE(keeps(Get("/") + "Connection: x, CLOSE\r\n"));
  EXPECT_FALSE(keeps(Get("/") + "Connection: x\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n"));
  EXPECT_TRUE(keeps(Get("/") + "Connection: closed\r\n"));
}

TEST(RequestHead, ExpectationTable) {
  RequestHead out;
  EXPECT_EQ(CauseOf(Post("Expect: 100-Continue\r\nContent-Length: 1\r\n") + "\r\n", out), Cause::kNone);
  EXPECT_TRUE(out.expects_continue);
  EXPECT_EQ(CauseOf(Post("Expect: 200-ok\r\n") + "\r\n", out), Cause::kExpectationFailed);
  EXPECT_EQ(CauseOf("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", out), Cause::kNone);
  EXPECT_FALSE(out.expects_continue);
}

TEST(RequestHead, UpgradeTable) {
  const auto upgrades = [](const std::string& lines) {
    RequestHead out;
    EXPECT_EQ(CauseOf(Get("/") + lines + "\r\n", out), Cause::kNone) << lines;
    return out.wants_upgrade;
  };
  EXPECT_TRUE(upgrades("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_FALSE(upgrades("Upgrade: websocket\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: h2c\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: H2C\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: websocket, h2c\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n"));
}

TEST(RequestHead, LimitsHaveTheirOwnCauses) {
  const HeadLimits limits{.max_head_bytes = 1024, .max_headers = 8, .max_target_bytes = 64};
  RequestHead out;
  const auto parse = [&](const std::string& head) { return ParseRequestHead(head + "\r\n", limits, out); };
  EXPECT_EQ(parse(Get("/" + std::string(63, 'a'))), Cause::kNone);
  EXPECT_EQ(parse(Get("/" + std::string(64, 'a'))), Cause::kTargetTooLong);
  const std::size_t rest = 1024 - Get("/").size() - std::string("X: \r\n\r\n").size();
  EXPECT_EQ(parse(Get("/") + "X: " + std::string(rest, 'a') + "\r\n"), Cause::kNone);
  EXPECT_EQ(parse(Get("/") + "X: " + std::string(rest + 1, 'a') + "\r\n"), Cause::kHeadTooLarge);
  std::string many = Get("/");
  for (int i = 0; i < 7; ++i) many += "X: y\r\n";
  EXPECT_EQ(parse(many), Cause::kNone);
  EXPECT_EQ(parse(many + "X: y\r\n"), Cause::kHeadTooLarge);
}

TEST(PartialHead, HopelessBytesAreRefusedAtOnce) {
  const HeadLimits limits{.max_head_bytes = 128, .max_headers = 8, .max_target_bytes = 64};
  EXPECT_EQ(CheckPartialRequestHead("", limits), Cause::kNone);
  EXPECT_EQ(CheckPartialRequestHead("GE", limits), Cause::kNone);
  EXPECT_EQ(CheckPartialRequestHead("GET /aa", limits), Cause::kNone);
  EXPECT_EQ(CheckPartialRequestHead("\x16\x03\x01", limits), Cause::kBadRequest);
  EXPECT_EQ(CheckPartialRequestHead("{\"a\": 1}", limits), Cause::kBadRequest);
  EXPECT_EQ(CheckPartialRequestHead("GET /" + std::string(64, 'a'), limits), Cause::kTargetTooLong);
  EXPECT_EQ(CheckPartialRequestHead("GET / HTTP/1.1\r\nX: " + std::string(128, 'a'), limits), Cause::kHeadTooLarge);
  EXPECT_EQ(CheckPartialRequestHead(std::string(65, 'A'), limits), Cause::kBadRequest);
}

TEST(PartialHead, NeverRefusesWhatTheWholeHeadWouldPass) {
  const std::string head = "OPTIONS /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  for (std::size_t size = 0; size <= head.size(); ++size) {
    EXPECT_EQ(CheckPartialRequestHead(std::string_view(head).substr(0, size), HeadLimits()), Cause::kNone) << size;
  }
}

struct ResponseRow {
  std::string head;
  bool to_head = false;
  Cause cause = Cause::kNone;
  Framing framing = Framing::kNone;
  bool keep_alive = true;
};

TEST(ResponseHead, FramingTable) {
  const ResponseRow rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", false, Cause::kNone, Framing::kLength},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", false, Cause::kNone, Framing::kNone},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", false, Cause::kNone, Framing::kChunked},
      {"HTTP/1.1 200 OK\r\n", false, Cause::kNone, Framing::kUntilClose},
      {"HTTP/1.1 200\r\nContent-Length: 1\r\n", false, Cause::kNone, Framing::kLength},
      {"HTTP/1.1 200 \r\nContent-Length: 1\r\n", false, Cause::kNone, Framing::kLength},
      {"HTTP/1.0 200 OK\r\n", false, Cause::kNone, Framing::kUntilClose, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n", false, Cause::kNone, Framing::kLength, true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n", false, Cause::kNone, Framing::kLength, false},
      {"HTTP/1.1 204 No Content\r\n", false, Cause::kNone, Framing::kNone},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n", false, Cause::kNone, Framing::kNone},
      {"HTTP/1.1 100 Continue\r\n", false, Cause::kNone, Framing::kNone},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n", false, Cause::kNone, Framing::kNone},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", true, Cause::kNone, Framing::kNone},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", true, Cause::kNone, Framing::kNone},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5,5\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", false, Cause::kBadResponse},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 99 Low\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 2000 High\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 abc OK\r\n", false, Cause::kBadResponse},
      {"HTTP/2.0 200 OK\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 200 OK\r\nX : y\r\n", false, Cause::kBadResponse},
      {"HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n", false, Cause::kBadResponse},
      {"SSH-2.0-OpenSSH\r\n", false, Cause::kBadResponse},
      {"GET / HTTP/1.1\r\nHost: a\r\n", false, Cause::kBadResponse},
  };
  for (const ResponseRow& row : rows) {
    SCOPED_TRACE(row.head);
    ResponseHead out;
    EXPECT_EQ(ParseResponseHead(row.head + "\r\n", HeadLimits(), row.to_head, out), row.cause);
    if (row.cause != Cause::kNone) continue;
    EXPECT_EQ(out.framing, row.framing);
    EXPECT_EQ(out.keep_alive, row.keep_alive);
  }
}

TEST(ResponseHead, StatusAndReason) {
  const std::string bytes = "HTTP/1.1 503 Come back later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
  ResponseHead out;
  ASSERT_EQ(ParseResponseHead(bytes, HeadLimits(), false, out), Cause::kNone);
  EXPECT_EQ(out.status, 503);
  EXPECT_EQ(out.reason, "Come back later");
  EXPECT_EQ(out.headers.size(), 2U);
}

TEST(ResponseHead, LimitsHold) {
  const HeadLimits limits{.max_head_bytes = 1024, .max_headers = 8, .max_target_bytes = 64};
  ResponseHead out;
  EXPECT_EQ(ParseResponseHead("HTTP/1.1 200 OK\r\nX: " + std::string(1024, 'a') + "\r\n\r\n", limits, false, out), Cause::kBadResponse);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 9; ++i) many += "X: y\r\n";
  EXPECT_EQ(ParseResponseHead(many + "\r\n", limits, false, out), Cause::kBadResponse);
}

}  // namespace
}  // namespace switchyard::agent::codec
