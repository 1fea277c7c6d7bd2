// Goal: query, cookie, gRPC, preflight and address conditions hold exactly when their comments in route.proto say so. Method: tables.
#include "agent/router/match_rule.h"

#include <gtest/gtest.h>

namespace switchyard::agent::router {
namespace {

using Kind = ValueCondition::Kind;

TEST(QueryConditions, CompareTheFirstDecoded) {
  const std::string_view query = "v=2&v=3&empty=&flag&na%6de=a%20b+c&bad=%zz";
  const auto holds = [&](const ValueCondition& condition) { return QueryHolds(condition, query); };
  EXPECT_TRUE(holds({"v", Kind::kExact, "2"}));
  EXPECT_FALSE(holds({"v", Kind::kExact, "3"}));
  EXPECT_TRUE(holds({"empty", Kind::kExact, ""}));
  EXPECT_TRUE(holds({"flag", Kind::kPresent}));
  EXPECT_TRUE(holds({"name", Kind::kExact, "a b c"}));
  EXPECT_TRUE(holds({"name", Kind::kPrefix, "a b"}));
  EXPECT_TRUE(holds({"bad", Kind::kExact, "%zz"}));
  EXPECT_FALSE(holds({"V", Kind::kPresent}));
  EXPECT_TRUE(holds({"none", Kind::kAbsent}));
  EXPECT_TRUE(holds({"none", Kind::kExact, "x", true}));
  EXPECT_FALSE(QueryHolds({"a", Kind::kPresent}, ""));
}

TEST(CookieConditions, FindTheCookieWhereverItStands) {
  const std::vector<codec::Header> headers = {{"Cookie", "a=1;  b = two ; c"}, {"cookie", "d=4=5"}};
  const auto holds = [&](const ValueCondition& condition) { return CookieHolds(condition, headers); };
  EXPECT_TRUE(holds({"a", Kind::kExact, "1"}));
  EXPECT_TRUE(holds({"b", Kind::kExact, "two"}));
  EXPECT_TRUE(holds({"c", Kind::kPresent}));
  EXPECT_TRUE(holds({"d", Kind::kExact, "4=5"}));
  EXPECT_FALSE(holds({"A", Kind::kPresent}));
  EXPECT_FALSE(holds({"e", Kind::kPresent}));
}

TEST(RegexConditions, CoverTheWholeValue) {
  const ValueCondition condition{"v", Kind::kRegex, "", false, std::make_shared<const rules::Pattern>(*rules::Pattern::Compile("[0-9]+"))};
  EXPECT_TRUE(QueryHolds(condition, "v=12"));
  EXPECT_FALSE(QueryHolds(condition, "v=12a"));
  EXPECT_TRUE(HeaderHolds(condition, {{"V", "7"}}));
}

bool Holds(const MatchRule& rule, const codec::RequestHead& head, std::string_view ip = "192.0.2.1", bool preflight = false) {
  RoutedRequest request{head, ip, std::nullopt};
  return Satisfied(rule, request, preflight);
}

TEST(MatchRules, GrpcNeedsItsContentType) {
  MatchRule rule;
  rule.grpc = true;
  for (const auto& [type, holds] : std::vector<std::pair<std::string_view, bool>>{
           {"application/grpc", true}, {"application/grpc+proto", true}, {"Application/GRPC; x=y", true}, {"application/grpc-web", false},
           {"application/json", false}, {"", false}}) {
    codec::RequestHead head;
    head.headers = {{"Content-Type", type}};
    EXPECT_EQ(Holds(rule, head), holds) << type;
  }
}

TEST(MatchRules, APreflightCountsAsTheRequestThatItAsksFor) {
  MatchRule rule;
  rule.methods = {"PUT"};
  codec::RequestHead head;
  head.method = "OPTIONS";
  head.headers = {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "PUT"}};
  EXPECT_TRUE(Holds(rule, head, "192.0.2.1", true));
  EXPECT_FALSE(Holds(rule, head, "192.0.2.1", false));
  head.headers[1].value = "DELETE";
  EXPECT_FALSE(Holds(rule, head, "192.0.2.1", true));
  head.headers = {{"Access-Control-Request-Method", "PUT"}};
  EXPECT_FALSE(Holds(rule, head, "192.0.2.1", true)) << "without Origin it is no preflight";
}

TEST(MatchRules, SourcesCoverTheClient) {
  MatchRule rule;
  rule.sources = {*rules::Network::Parse("10.0.0.0/8"), *rules::Network::Parse("2001:db8::/32")};
  const codec::RequestHead head;
  EXPECT_TRUE(Holds(rule, head, "10.9.9.9"));
  EXPECT_TRUE(Holds(rule, head, "2001:db8::7"));
  EXPECT_FALSE(Holds(rule, head, "11.0.0.1"));
  EXPECT_FALSE(Holds(rule, head, ""));
}

}  // namespace
}  // namespace switchyard::agent::router
