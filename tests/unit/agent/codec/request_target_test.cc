// Goal: targets and authorities are split in the one way that the standard gives.
// Method: tables. What is refused is in h1_parser_test.cc too, seen from the whole head.
#include "agent/codec/request_target.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::agent::codec {
namespace {

RequestHead Split(std::string_view method, std::string_view target, bool& good) {
  RequestHead head;
  head.method = method;
  head.target = target;
  good = SplitTarget(head);
  return head;
}

TEST(Target, OriginForm) {
  bool good = false;
  const RequestHead head = Split("GET", "/a/b?c?d", good);
  EXPECT_TRUE(good);
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.path_and_query, "/a/b?c?d");
  EXPECT_TRUE(head.authority.empty());
}

TEST(Target, AbsoluteForm) {
  bool good = false;
  const RequestHead head = Split("GET", "http://[::1]:80/a?b", good);
  EXPECT_TRUE(good);
  EXPECT_EQ(head.authority, "[::1]:80");
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(head.path_and_query, "/a?b");
  const RequestHead bare = Split("GET", "http://a", good);
  EXPECT_TRUE(good);
  EXPECT_EQ(bare.path_and_query, "/");
}

TEST(Target, PathsAreNormalizedAndQueriesAreNot) {
  bool good = false;
  const RequestHead head = Split("GET", "/%61dmin/%c3%A9?q=%61", good);
  EXPECT_TRUE(good);
  EXPECT_EQ(head.target, "/%61dmin/%c3%A9?q=%61") << "as sent";
  EXPECT_EQ(head.path, "/admin/%C3%A9");
  EXPECT_EQ(head.path_and_query, "/admin/%C3%A9?q=%61");
  const RequestHead absolute = Split("GET", "http://a/%7Eb", good);
  EXPECT_EQ(absolute.path_and_query, "/~b");
  EXPECT_EQ(Split("GET", "/a%20b?%61", good).normalized, nullptr) << "nothing to do, nothing allocated";
  Split("GET", "/%61/%2e%2e/b", good);
  EXPECT_FALSE(good);
}

TEST(Target, AsteriskIsForOptions) {
  bool good = false;
  EXPECT_EQ(Split("OPTIONS", "*", good).path, "*");
  EXPECT_TRUE(good);
  Split("GET", "*", good);
  EXPECT_FALSE(good);
}

TEST(Authority, Table) {
  for (const char* text : {"a", "a:80", "a.b-c_d~e", "10.0.0.1:65535", "[::1]", "[fd00::1]:1", "a:0", "A.B"}) {
    EXPECT_TRUE(IsAuthority(text)) << text;
  }
  for (const char* text :
       {"", ":80", "a:", "a:65536", "a:1:2", "a b", "a@b", "a/b", "[]", "[::1", "::1]", "[::1]80", "[::z]", "a%2eb", "a,b", "a:80a"}) {
    EXPECT_FALSE(IsAuthority(text)) << text;
  }
  EXPECT_TRUE(IsAuthority(std::string(255, 'a')));
  EXPECT_FALSE(IsAuthority(std::string(256, 'a')));
}

TEST(Authority, HostIsWhatIsLeftOfThePort) {
  EXPECT_EQ(HostOfAuthority("a:80"), "a");
  EXPECT_EQ(HostOfAuthority("a"), "a");
  EXPECT_EQ(HostOfAuthority("[::1]:80"), "[::1]");
  EXPECT_EQ(HostOfAuthority("[::1]"), "[::1]");
  EXPECT_EQ(HostOfAuthority(""), "");
}

}  // namespace
}  // namespace switchyard::agent::codec
