// Goal: a header section of HTTP/2 becomes a head under the rules of HTTP/1, or is refused. Method: one base section, one change per row.
#include "agent/codec/h2_head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace switchyard::agent::codec {
namespace {

using List = std::vector<std::pair<std::string, std::string>>;

const List kGet = {{":method", "GET"}, {":scheme", "http"}, {":path", "/a?b=c"}, {":authority", "host.example:80"}};

H2Fields Fields(const List& base, const List& more = {}) {
  H2Fields fields;
  for (const auto& [name, value] : base) fields.Add(name, value, H2Settings());
  for (const auto& [name, value] : more) fields.Add(name, value, H2Settings());
  return fields;
}

TEST(H2Head, ReadsARequest) {
  H2Fields fields = Fields(kGet, {{"x-a", " b "}, {"cookie", "a=1"}, {"x-b", "c"}, {"cookie", "b=2"}});
  RequestHead head;
  ASSERT_EQ(ReadRequestHead(fields, HeadLimits(), /*ends=*/true, head), Cause::kNone);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(head.path_and_query, "/a?b=c");
  EXPECT_EQ(head.authority, "host.example:80");
  EXPECT_EQ(head.host, "host.example");
  EXPECT_EQ(head.major_version, 2);
  EXPECT_EQ(head.framing, Framing::kNone);
  ASSERT_EQ(head.headers.size(), 3u);
  EXPECT_EQ(head.headers[0].value, "b");
  EXPECT_EQ(head.headers[1].value, "a=1; b=2");
  EXPECT_EQ(head.headers[2].name, "x-b");
}

TEST(H2Head, FramingFollowsLengthAndEnd) {
  const struct {
    List more;
    bool ends;
    Cause cause;
    Framing framing;
  } rows[] = {{{}, false, Cause::kNone, Framing::kChunked},
              {{{"content-length", "5"}}, false, Cause::kNone, Framing::kLength},
              {{{"content-length", "0"}}, false, Cause::kNone, Framing::kNone},
              {{{"content-length", "0"}}, true, Cause::kNone, Framing::kNone},
              {{{"content-length", "5"}}, true, Cause::kBadRequest, Framing::kNone}};
  for (const auto& row : rows) {
    H2Fields fields = Fields(kGet, row.more);
    RequestHead head;
    EXPECT_EQ(ReadRequestHead(fields, HeadLimits(), row.ends, head), row.cause);
    if (row.cause == Cause::kNone) {
      EXPECT_EQ(head.framing, row.framing);
    }
  }
}

TEST(H2Head, RefusesWhatHttp1WouldMisread) {
  const List rows = {{"connection", "close"},      {"transfer-encoding", "chunked"}, {"upgrade", "h2c"},         {"keep-alive", "1"},
                     {"proxy-connection", "x"},    {"te", "gzip"},                   {"x-a", "b\r\nc: d"},       {"x-a", "b\nc"},
                     {"x-a", std::string("\0", 1)}, {"x a", "b"},                    {"x-a\r\n", "b"},           {"X-A", "b"},
                     {"host", "other"},            {"content-length", "4,4"},        {"content-length", "+4"},   {"content-length", ""},
                     {"x:a", "b"},                 {"", "b"}};
  for (const auto& row : rows) {
    H2Fields fields = Fields(kGet, {row});
    RequestHead head;
    EXPECT_EQ(ReadRequestHead(fields, HeadLimits(), false, head), Cause::kBadRequest) << row.first << ": " << row.second;
  }
}

TEST(H2Head, RefusesOddTargets) {
  for (const char* path : {"", "a", "/a b", "/a\r\n", "/a#b", "/../a", "/a/%2e%2e/b", "//a", "http://b/", "/%2f", "/a\x80", "*"}) {
    H2Fields fields = Fields({{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}});
    RequestHead head;
    EXPECT_EQ(ReadRequestHead(fields, HeadLimits(), true, head), Cause::kBadRequest) << path;
  }
  for (const char* authority : {"", "a b", "a/b", "u@a", "a:b", "a\r\nx: y"}) {
    H2Fields fields = Fields({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", authority}});
    RequestHead head;
    EXPECT_EQ(ReadRequestHead(fields, HeadLimits(), true, head), Cause::kBadRequest) << authority;
  }
}

TEST(H2Head, AnExtendedConnectWantsAnUpgrade) {
  const List base = {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
  H2Fields fields = Fields(base);
  RequestHead head;
  ASSERT_EQ(ReadRequestHead(fields, HeadLimits(), false, head), Cause::kNone);
  EXPECT_EQ(head.method, "GET");
  EXPECT_TRUE(head.wants_upgrade);
  EXPECT_EQ(head.upgrade_protocol, "websocket");
  H2Fields ended = Fields(base);
  EXPECT_EQ(ReadRequestHead(ended, HeadLimits(), true, head), Cause::kBadRequest);
  H2Fields plain = Fields({{":method", "CONNECT"}, {":authority", "a:1"}});
  EXPECT_EQ(ReadRequestHead(plain, HeadLimits(), false, head), Cause::kNotImplemented);
}

TEST(H2Head, LimitsAreKept) {
  H2Fields large = Fields(kGet, {{"x-a", std::string(40'000, 'a')}});
  RequestHead head;
  EXPECT_EQ(ReadRequestHead(large, HeadLimits(), true, head), Cause::kHeadTooLarge);
  H2Fields many = Fields(kGet, List(200, {"x-a", "b"}));
  EXPECT_EQ(ReadRequestHead(many, HeadLimits(), true, head), Cause::kHeadTooLarge);
  H2Fields target = Fields({{":method", "GET"}, {":scheme", "http"}, {":path", "/" + std::string(9'000, 'a')}, {":authority", "a"}});
  EXPECT_EQ(ReadRequestHead(target, HeadLimits(), true, head), Cause::kTargetTooLong);
}

TEST(H2Head, ReadsAResponse) {
  H2Fields fields = Fields({{":status", "200"}}, {{"content-length", "3"}});
  ResponseHead head;
  ASSERT_EQ(ReadResponseHead(fields, false, false, head), Cause::kNone);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.framing, Framing::kLength);
  ASSERT_EQ(ReadResponseHead(fields, false, /*to_head_request=*/true, head), Cause::kNone);
  EXPECT_EQ(head.framing, Framing::kNone);
  for (const char* status : {"101", "20", "2000", "abc", "099", ""}) {
    H2Fields bad = Fields({{":status", status}});
    EXPECT_EQ(ReadResponseHead(bad, true, false, head), Cause::kBadResponse) << status;
  }
}

TEST(H2Head, TrailersAreClean) {
  EXPECT_TRUE(Fields({{"x-sum", "1"}}).clean());
  for (const auto& row : List{{"X-Sum", "1"}, {"x-sum", "1\r\n"}, {"connection", "x"}, {"transfer-encoding", "chunked"}}) {
    EXPECT_FALSE(Fields({row}).clean()) << row.first;
  }
}

}  // namespace
}  // namespace switchyard::agent::codec
