// Goal: each small policy does what its comment in route.proto says. Method: tables of requests and heads.
#include <gtest/gtest.h>

#include "agent/policy/access.h"
#include "agent/policy/cors.h"
#include "agent/policy/header_changes.h"
#include "agent/policy/redirect.h"
#include "agent/policy/rewrite.h"
#include "agent/policy/security_headers.h"

namespace switchyard::agent::policy {
namespace {

using Headers = std::vector<codec::Header>;

rules::Network Net(const char* text) { return *rules::Network::Parse(text); }
rules::ValueTemplate Value(const std::string& text) { return *rules::ValueTemplate::Parse(text, rules::ValueTemplate::Use::kHeader); }

codec::RequestHead Request(std::string_view path_and_query = "/a/b?q=1", std::string_view authority = "www.example.com:8080") {
  codec::RequestHead head;
  head.method = "GET";
  head.path_and_query = path_and_query;
  head.path = path_and_query.substr(0, path_and_query.find('?'));
  head.authority = authority;
  head.host = authority.substr(0, authority.find(':'));
  return head;
}

TEST(AccessPolicy, LongestPrefixDecides) {
  const Access listed({Net("10.0.0.0/8"), Net("10.1.1.0/24")}, {Net("10.1.0.0/16")});
  EXPECT_TRUE(listed.Admits("10.2.0.1"));
  EXPECT_FALSE(listed.Admits("10.1.2.3"));
  EXPECT_TRUE(listed.Admits("10.1.1.3"));
  EXPECT_FALSE(listed.Admits("192.0.2.1")) << "not allowed by name";
  EXPECT_FALSE(listed.Admits("")) << "no address";
  const Access open({}, {Net("10.0.0.0/8")});
  EXPECT_FALSE(open.Admits("10.0.0.1"));
  EXPECT_TRUE(open.Admits("2001:db8::1"));
}

TEST(HeaderChangesPolicy, RemoveThenSetThenAdd) {
  const HeaderChanges changes{{"x-gone"}, {{"X-Set", Value("%client_ip%/%host%")}}, {{"x-set", Value("more")}, {"X-Id", Value("%request_id%")}}};
  const codec::RequestHead head = Request();
  const Facts facts{.head = &head, .client_ip = "192.0.2.1", .request_id = "id-1"};
  TextStore store;
  Headers headers = {{"X-Gone", "1"}, {"x-SET", "old"}, {"x-gone", "2"}, {"Kept", "yes"}};
  changes.Apply(facts, store, headers);
  ASSERT_EQ(headers.size(), 4U);
  EXPECT_EQ(headers[0].name, "Kept");
  EXPECT_EQ(headers[1].value, "192.0.2.1/www.example.com");
  EXPECT_EQ(headers[2].value, "more");
  EXPECT_EQ(headers[3].value, "id-1");
}

TEST(Variables, HaveTheirValues) {
  const codec::RequestHead head = Request();
  const Facts facts{.head = &head, .client_ip = "c", .scheme = "https", .request_id = "i", .listener = "l", .route = "r", .upstream = "u",
                    .backend = "b", .status = 404, .cause = Cause::kNoRoute};
  TextStore store;
  EXPECT_EQ(Render(Value("%method% %scheme% %host% %authority% %path% %query% %protocol%"), facts, store),
            "GET https www.example.com www.example.com:8080 /a/b q=1 HTTP/1.1");
  EXPECT_EQ(Render(Value("%client_ip% %request_id% %listener% %route% %upstream% %backend% %status% %cause%"), facts, store),
            "c i l r u b 404 no_route");
  EXPECT_EQ(Render(Value("[%status%%cause%%upstream%]"), Facts{.head = &head}, store), "[]");
}

TEST(SecurityHeadersPolicy, LeavesWhatTheBackendSaid) {
  SecurityHeaders policy;
  policy.always = {{"X-Frame-Options", "DENY"}, {"Referrer-Policy", "no-referrer"}};
  policy.transport_security = "max-age=10";
  Headers headers = {{"x-frame-options", "SAMEORIGIN"}};
  policy.Apply("http", headers);
  EXPECT_EQ(FindHeader(headers, "x-frame-options"), "SAMEORIGIN");
  EXPECT_EQ(FindHeader(headers, "referrer-policy"), "no-referrer");
  EXPECT_EQ(FindHeader(headers, "strict-transport-security").data(), nullptr) << "not over plain HTTP (RFC 6797 section 7.2)";
  policy.Apply("https", headers);
  EXPECT_EQ(FindHeader(headers, "strict-transport-security"), "max-age=10");
}

TEST(CorsPolicy, CoversOrigins) {
  const Cors cors({{"https://app.example.com", "https://*.shop.example:8443"}, "GET", "", "", "600", false});
  EXPECT_TRUE(cors.Allows("https://app.example.com"));
  EXPECT_TRUE(cors.Allows("https://APP.example.com"));
  EXPECT_TRUE(cors.Allows("https://a.b.shop.example:8443"));
  for (const char* origin : {"", "null", "http://app.example.com", "https://app.example.com:444", "https://shop.example:8443",
                             "https://evil.com/.shop.example:8443", "https://xshop.example:8443", "https://app.example.com.evil.com"}) {
    EXPECT_FALSE(cors.Allows(origin)) << origin;
  }
}

TEST(CorsPolicy, AnswersPreflights) {
  const Cors cors({{"https://a.example"}, "GET, PUT", "", "", "600", true});
  codec::RequestHead head = Request();
  head.headers = {{"Origin", "https://a.example"}, {"Access-Control-Request-Headers", "x-one, x-two"}};
  TextStore store;
  Headers headers;
  cors.AnswerPreflight(head, store, headers);
  EXPECT_EQ(FindHeader(headers, "access-control-allow-origin"), "https://a.example");
  EXPECT_EQ(FindHeader(headers, "access-control-allow-methods"), "GET, PUT");
  EXPECT_EQ(FindHeader(headers, "access-control-allow-headers"), "x-one, x-two");
  EXPECT_EQ(FindHeader(headers, "access-control-allow-credentials"), "true");
  EXPECT_EQ(FindHeader(headers, "access-control-max-age"), "600");
  EXPECT_EQ(FindHeader(headers, "vary"), "Origin, Access-Control-Request-Headers");
  head.headers[0].value = "https://b.example";
  headers.clear();
  cors.AnswerPreflight(head, store, headers);
  EXPECT_EQ(FindHeader(headers, "access-control-allow-origin").data(), nullptr);
}

TEST(CorsPolicy, DecoratesResponsesOnce) {
  const Cors cors({{"*"}, "GET", "", "x-total", "600", false});
  codec::RequestHead head = Request();
  head.headers = {{"Origin", "https://a.example"}};
  TextStore store;
  Headers headers = {{"Access-Control-Allow-Origin", "https://backend-said.example"}};
  cors.Decorate(head, store, headers);
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[0].value, "*");
  EXPECT_EQ(FindHeader(headers, "access-control-expose-headers"), "x-total");
}

TEST(RedirectPolicy, BuildsTheUrl) {
  struct Row {
    Redirect redirect;
    std::string scheme;
    std::string authority;
    std::string location;
  };
  const Row rows[] = {
      {{.scheme = "https"}, "http", "www.example.com:8080", "https://www.example.com/a/b?q=1"},
      {{.scheme = "https", .port = 8443}, "http", "www.example.com", "https://www.example.com:8443/a/b?q=1"},
      {{.host = "new.example.com"}, "http", "www.example.com:8080", "http://new.example.com:8080/a/b?q=1"},
      {{.port = 443}, "https", "www.example.com:8443", "https://www.example.com/a/b?q=1"},
      {{.path_change = PathChange::kWhole, .path = "/new"}, "http", "www.example.com", "http://www.example.com/new?q=1"},
      {{.path_change = PathChange::kWhole, .path = "/new", .strip_query = true}, "http", "www.example.com", "http://www.example.com/new"},
      {{.path_change = PathChange::kPrefix, .path = "/x/"}, "http", "www.example.com", "http://www.example.com/x/b?q=1"},
      {{.path_change = PathChange::kPrefix, .path = "/"}, "http", "www.example.com", "http://www.example.com/b?q=1"},
      {{.scheme = "http"}, "http", "www.example.com", ""},
      {{.host = "www.example.com"}, "http", "www.example.com:8080", ""}};
  for (const Row& row : rows) {
    const codec::RequestHead head = Request("/a/b?q=1", row.authority);
    const Facts facts{.head = &head, .scheme = row.scheme};
    EXPECT_EQ(row.redirect.Location(facts, "/a"), row.location) << row.location;
  }
}

TEST(PrefixReplacement, KeepsWholeSegments) {
  EXPECT_EQ(ReplacePrefix("/api/x", "/api", "/v2"), "/v2/x");
  EXPECT_EQ(ReplacePrefix("/api/x", "/api/", "/v2/"), "/v2/x");
  EXPECT_EQ(ReplacePrefix("/api", "/api", "/v2"), "/v2");
  EXPECT_EQ(ReplacePrefix("/api", "/api", "/"), "/");
  EXPECT_EQ(ReplacePrefix("/api/", "/api", "/"), "/");
  EXPECT_EQ(ReplacePrefix("/x", "/", "/v2"), "/v2/x");
  EXPECT_EQ(ReplacePrefix("/", "/", "/v2"), "/v2/");
}

std::string Rewritten(const Rewrite& rewrite, std::string_view path_and_query, std::string_view matched = "/a") {
  std::string out;
  return rewrite.Path(Request(path_and_query), matched, out) ? out : "refused";
}

TEST(RewritePolicy, ChangesThePathAndKeepsTheQuery) {
  EXPECT_EQ(Rewritten({.path_change = PathChange::kPrefix, .path = "/z"}, "/a/b?q=1"), "/z/b?q=1");
  EXPECT_EQ(Rewritten({.path_change = PathChange::kWhole, .path = "/z"}, "/a/b?q=1"), "/z?q=1");
  EXPECT_EQ(Rewritten({.host = "h"}, "/a/b?q=1"), "") << "stays";
  EXPECT_EQ(Rewritten({.path_change = PathChange::kWhole, .path = "/z"}, "*"), "");
}

TEST(RewritePolicy, ARegexResultIsHeldToTheRulesOfPaths) {
  Rewrite rewrite;
  rewrite.pattern = std::make_shared<const rules::Pattern>(*rules::Pattern::Compile("/a/(.*)"));
  rewrite.substitution = "/\\1";
  EXPECT_EQ(Rewritten(rewrite, "/a/b/c?q"), "/b/c?q");
  EXPECT_EQ(Rewritten(rewrite, "/x"), "");
  rewrite.substitution = "\\1";
  EXPECT_EQ(Rewritten(rewrite, "/a/b"), "refused") << "no slash";
  EXPECT_EQ(Rewritten(rewrite, "/a//b"), "/b");
  rewrite.substitution = "/../\\1";
  EXPECT_EQ(Rewritten(rewrite, "/a/b"), "refused") << "dot segments";
  rewrite.substitution = "/b c";
  EXPECT_EQ(Rewritten(rewrite, "/a/b"), "refused") << "a blank";
  rewrite.substitution = "/" + std::string(9000, 'x');
  EXPECT_EQ(Rewritten(rewrite, "/a/b"), "refused") << "too long";
}

}  // namespace
}  // namespace switchyard::agent::policy
