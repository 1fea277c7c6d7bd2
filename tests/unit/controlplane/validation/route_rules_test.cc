// Goal: every bound in route.proto holds at its edges and one beyond, with the right field path.
// Method: tables of changes to a route in order.
#include "controlplane/validation/route_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

v1::Resource Base() { return MakeResource("name: 'shop' route { listeners: 'web' forward { upstreams { upstream: 'shop' } } }"); }
std::string R(const std::string& text) { return "route { " + text + " }"; }
std::string M(const std::string& text) { return R("matches { " + text + " }"); }

v1::Resource Splitless() {
  v1::Resource out = Base();
  out.mutable_route()->mutable_forward()->clear_upstreams();
  return out;
}

TEST(RouteRules, NamesOneToSixtyFourListeners) {
  v1::Resource none = Base();
  none.mutable_route()->clear_listeners();
  ExpectRules(none, {{"", "spec.listeners", "at least one listener"},
                     {R(Repeated(64, "listeners: 'l#'")), "", ""},
                     {R(Repeated(65, "listeners: 'l#'")), "spec.listeners", "65 entries; at most 64"},
                     {R("listeners: 'a' listeners: 'b' listeners: 'a'"), "spec.listeners[2]", "a second time"},
                     {R("listeners: 'A'"), "spec.listeners[0]", "lower-case"},
                     {R("listeners: ''"), "spec.listeners[0]", "is missing"}});
}

TEST(RouteRules, HostsAreNamesOrWildcards) {
  const auto host = [](const std::string& text) { return R("hosts: '" + text + "'"); };
  const std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd');
  ExpectRules(Base(), {{host("example.com"), "", ""},
                       {host("Example.COM"), "", ""},
                       {host("*.example.com"), "", ""},
                       {host("*.com"), "", ""},
                       {host("localhost"), "", ""},
                       {host("my_service"), "", ""},
                       {host("10.0.0.1"), "", ""},
                       {host("[::1]"), "", ""},
                       {host(longest), "", ""},
                       {host(longest + "d"), "spec.hosts[0]", "at most 253"},
                       {host(std::string(64, 'a')), "spec.hosts[0]", "expected a host name"},
                       {host(""), "spec.hosts[0]", "expected a host name"},
                       {host("*"), "spec.hosts[0]", "leave `hosts` empty"},
                       {host("*."), "spec.hosts[0]", "expected a host name"},
                       {host("a.*.com"), "spec.hosts[0]", "first labels only"},
                       {host("*a.com"), "spec.hosts[0]", "first labels only"},
                       {host("example.com:80"), "spec.hosts[0]", "without port, so write \"example.com\""},
                       {host("http://example.com"), "spec.hosts[0]", "expected a host name"},
                       {host("a..b"), "spec.hosts[0]", "expected a host name"},
                       {host("-a.com"), "spec.hosts[0]", "expected a host name"},
                       {host("exa mple.com"), "spec.hosts[0]", "expected a host name"},
                       {host("[::1"), "spec.hosts[0]", "IPv6"},
                       {host("*.[::1]"), "spec.hosts[0]", "expected a host name"}});
}

TEST(RouteRules, HostsAreAtMostTwoHundredFiftySixAndDiffer) {
  ExpectRules(Base(), {{R(Repeated(256, "hosts: 'h#.example'")), "", ""},
                       {R(Repeated(257, "hosts: 'h#.example'")), "spec.hosts", "257 entries; at most 256"},
                       {R("hosts: 'a.com' hosts: 'A.com'"), "spec.hosts[1]", "a second time"}});
}

TEST(RouteRules, PathsStartWithSlashAndCanBeMatched) {
  const auto exact = [](const std::string& text) { return M("path { exact: '" + text + "' }"); };
  const auto prefix = [](const std::string& text) { return M("path { prefix: '" + text + "' }"); };
  const std::string at = "spec.matches[0].path";
  ExpectRules(Base(), {{exact("/"), "", ""},
                       {prefix("/"), "", ""},
                       {prefix("/api/"), "", ""},
                       {exact("/a%20b/.hidden/..x"), "", ""},
                       {M("path {}"), at, "no condition"},
                       {exact(""), at + ".exact", "starts with '/'"},
                       {prefix("api"), at + ".prefix", "starts with '/'"},
                       {exact("/a?b"), at + ".exact", "without the query"},
                       {exact("/a b"), at + ".exact", "visible ASCII"},
                       {exact("/caf\\303\\251"), at + ".exact", "visible ASCII"},
                       {prefix("/a/../b"), at + ".prefix", "no request can match"},
                       {prefix("/."), at + ".prefix", "no request can match"},
                       {prefix("//a"), at + ".prefix", "no request can match"},
                       {exact("/100%25/a%c3%a9"), "", ""},
                       {exact("/a%2Fb"), at + ".exact", "an encoded '/'"},
                       {exact("/a%5cb"), at + ".exact", "an encoded '/'"},
                       {prefix("/a%00"), at + ".prefix", "NUL"},
                       {exact("/%2e%2E"), at + ".exact", "'..' segments"},
                       {prefix("/a/.%2e/b"), at + ".prefix", "'..' segments"},
                       {exact("/100%"), at + ".exact", "written %25"},
                       {prefix("/%4g/a"), at + ".prefix", "written %25"},
                       {exact("/a\\\\b"), at + ".exact", "agents refuse '\\'"},
                       {M("path { template: '/a%2Fb/{id}' }"), at + ".template", "an encoded '/'"},
                       {M("path { template: '/{id}/../**' }"), at + ".template", "'..' segments"},
                       {M("path { template: '/a?b/*' }"), at + ".template", "without the query"},
                       {exact("/" + std::string(8191, 'a')), "", ""},
                       {exact("/" + std::string(8192, 'a')), at + ".exact", "8193 characters; at most 8192"}});
}

TEST(RouteRules, MatchesAreAtMostSixtyFour) {
  ExpectRules(Base(), {{R(Repeated(64, "matches { path { exact: '/#' } }")), "", ""},
                       {R(Repeated(65, "matches { path { exact: '/#' } }")), "spec.matches", "65 entries; at most 64"}});
}

TEST(RouteRules, MethodsAreUpperCaseTokens) {
  const auto method = [](const std::string& text) { return M("methods: '" + text + "'"); };
  const std::string at = "spec.matches[0].methods[0]";
  ExpectRules(Base(), {{method("GET"), "", ""},
                       {method("M-SEARCH"), "", ""},
                       {method(std::string(32, 'M')), "", ""},
                       {method(std::string(33, 'M')), at, "1 to 32"},
                       {method("get"), at, "upper case"},
                       {method(""), at, "upper case"},
                       {method("GE T"), at, "upper case"},
                       {M(Repeated(16, "methods: 'M#'")), "", ""},
                       {M(Repeated(17, "methods: 'M#'")), "spec.matches[0].methods", "17 entries; at most 16"}});
}

TEST(RouteRules, HeaderConditionsHaveNameAndKind) {
  const auto header = [](const std::string& text) { return M("headers { name: 'a' exact: 'b' } headers { " + text + " }"); };
  const std::string at = "spec.matches[0].headers[1]";
  ExpectRules(Base(), {{header("name: 'x' exact: ''"), "", ""},
                       {header("name: 'x' prefix: 'Bearer '"), "", ""},
                       {header("name: 'x' present: false"), "", ""},
                       {header("name: 'x' exact: 'caf\\303\\251'"), "", ""},
                       {header("name: 'x' exact: '" + std::string(4096, 'v') + "'"), "", ""},
                       {header("name: 'x' exact: '" + std::string(4097, 'v') + "'"), at + ".exact", "4097 characters; at most 4096"},
                       {header("name: '" + std::string(256, 'n') + "' present: true"), "", ""},
                       {header("name: '" + std::string(257, 'n') + "' present: true"), at + ".name", "1 to 256"},
                       {header("name: 'x'"), at, "expected `exact`, `prefix`, `regex` or `present`"},
                       {header("present: true"), at + ".name", "is missing"},
                       {header("name: ':path' present: true"), at + ".name", "name of a header"},
                       {header("name: 'x' exact: ' b'"), at + ".exact", "no space at either end"},
                       {header("name: 'x' exact: 'b '"), at + ".exact", "no space at either end"},
                       {header("name: 'x' prefix: ' b'"), at + ".prefix", "no space at either end"},
                       {header("name: 'x' exact: 'a\\nb'"), at + ".exact", "no header can hold"},
                       {M(Repeated(16, "headers { name: 'h#' present: true }")), "", ""},
                       {M(Repeated(17, "headers { name: 'h#' present: true }")), "spec.matches[0].headers", "17 entries; at most 16"}});
}

TEST(RouteRules, SplitHasOneToSixtyFourDifferentUpstreams) {
  const std::string at = "spec.forward.upstreams";
  ExpectRules(Splitless(),
              {{"", at, "at least one upstream"},
               {R("forward { " + Repeated(64, "upstreams { upstream: 'u#' }") + " }"), "", ""},
               {R("forward { " + Repeated(65, "upstreams { upstream: 'u#' }") + " }"), at, "65 entries; at most 64"},
               {R("forward { upstreams { upstream: 'a' } upstreams { upstream: 'a' } }"), at + "[1].upstream", "a second time"},
               {R("forward { upstreams { upstream: 'a_b' } }"), at + "[0].upstream", "lower-case"}});
  v1::Resource actionless = Base();
  actionless.mutable_route()->clear_action();
  ExpectRule(actionless, {"", "spec", "has no action"});
}

TEST(RouteRules, WeightsOfASplitAddUpToOneToAMillion) {
  const auto split = [](const std::string& a, const std::string& b) {
    return R("forward { upstreams { upstream: 'a' " + a + " } upstreams { upstream: 'b' " + b + " } }");
  };
  const std::string at = "spec.forward.upstreams";
  ExpectRules(Splitless(), {{split("weight: 1", "weight: 0"), "", ""},
                            {split("weight: 0", ""), "", ""},
                            {split("weight: 1000000", "weight: 0"), "", ""},
                            {split("weight: 999999", "weight: 1"), "", ""},
                            {split("weight: 0", "weight: 0"), at, "sum is 0"},
                            {split("weight: 1000000", "weight: 1"), at, "sum is 1000001"},
                            {split("weight: 1000001", "weight: 0"), at + "[0].weight", "expected 0 to 1000000"}});
}

TEST(RouteRules, TimeoutsHaveBounds) {
  const auto time = [](const std::string& field, int seconds, int nanos) {
    return R("timeouts { " + field + " { seconds: " + std::to_string(seconds) + " nanos: " + std::to_string(nanos) + " } }");
  };
  ExpectRules(Base(), {{time("response", 0, 1'000'000), "", ""},
                       {time("response", 0, 999'999), "spec.timeouts.response", "1ms to 1h"},
                       {time("response", 3600, 0), "", ""},
                       {time("response", 3600, 1), "spec.timeouts.response", "1ms to 1h"},
                       {time("idle", 0, 10'000'000), "", ""},
                       {time("idle", 0, 9'999'999), "spec.timeouts.idle", "10ms to"},
                       {time("idle", 86'400, 0), "", ""},
                       {time("idle", 86'400, 1), "spec.timeouts.idle", "10ms to"}});
}

}  // namespace
}  // namespace switchyard::controlplane::validation
