// Goal: the route that serves a request is the one that the order in route.proto gives.
// Method: small tables with one difference each; then 10,000 hosts with 10 paths, and random tables against a plain reading of the rules,
// with a printed seed.
#include "agent/router/route_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <tuple>

#include "common/base/random.h"

namespace switchyard::agent::router {
namespace {

using Kind = ValueCondition::Kind;

MatchRule Exact(const std::string& path) { return {.kind = PathKind::kExact, .path = path}; }
MatchRule Prefix(const std::string& path) { return {.kind = PathKind::kPrefix, .path = path}; }
MatchRule With(MatchRule rule, std::vector<std::string> methods, std::vector<ValueCondition> headers = {}) {
  rule.methods = std::move(methods);
  rule.headers = std::move(headers);
  return rule;
}

std::shared_ptr<const Route> MakeRoute(const std::string& name, std::vector<std::string> hosts, std::vector<MatchRule> matches = {}) {
  auto route = std::make_shared<Route>();
  route->name = name;
  route->hosts = std::move(hosts);
  route->matches = std::move(matches);
  return route;
}

codec::RequestHead Request(std::string_view host, std::string_view path, std::string_view method = "GET",
                           std::vector<codec::Header> headers = {}) {
  codec::RequestHead head;
  head.method = method;
  head.host = host;
  head.path = path;
  head.headers = std::move(headers);
  return head;
}

std::string Found(const RouteTable& table, const codec::RequestHead& request) {
  const Route* route = table.Find(request).route;
  return route == nullptr ? "-" : route->name;
}

TEST(Router, EmptyTableMatchesNothing) { EXPECT_EQ(Found(RouteTable({}), Request("a", "/")), "-"); }

TEST(Router, RouteWithoutConditionsMatchesEveryRequest) {
  const RouteTable table({MakeRoute("all", {})});
  EXPECT_EQ(Found(table, Request("a", "/")), "all");
  EXPECT_EQ(Found(table, Request("", "/x/y")), "all");
  EXPECT_EQ(Found(table, Request("a", "*", "OPTIONS")), "all");
}

TEST(Router, HostExactThenLongerWildcardThenAny) {
  const RouteTable table({MakeRoute("any", {}), MakeRoute("exact", {"a.b.example.com"}), MakeRoute("near", {"*.b.example.com"}),
                          MakeRoute("far", {"*.example.com"})});
  EXPECT_EQ(Found(table, Request("a.b.example.com", "/")), "exact");
  EXPECT_EQ(Found(table, Request("A.B.Example.COM", "/")), "exact");
  EXPECT_EQ(Found(table, Request("x.b.example.com", "/")), "near");
  EXPECT_EQ(Found(table, Request("x.y.b.example.com", "/")), "near");
  EXPECT_EQ(Found(table, Request("b.example.com", "/")), "far");
  EXPECT_EQ(Found(table, Request("example.com", "/")), "any");
  EXPECT_EQ(Found(table, Request(".example.com", "/")), "any");
  EXPECT_EQ(Found(table, Request("xexample.com", "/")), "any");
}

TEST(Router, BetterHostWithoutAMatchFallsThroughToTheNextHostClass) {
  const RouteTable table({MakeRoute("exact", {"a.example.com"}, {Exact("/only")}), MakeRoute("wild", {"*.example.com"}, {Prefix("/api")}),
                          MakeRoute("any", {}, {Prefix("/")})});
  EXPECT_EQ(Found(table, Request("a.example.com", "/only")), "exact");
  EXPECT_EQ(Found(table, Request("a.example.com", "/api/x")), "wild");
  EXPECT_EQ(Found(table, Request("a.example.com", "/other")), "any");
}

TEST(Router, HostDecidesBeforePath) {
  const RouteTable table({MakeRoute("exact-host", {"a"}, {Prefix("/")}), MakeRoute("exact-path", {}, {Exact("/x")})});
  EXPECT_EQ(Found(table, Request("a", "/x")), "exact-host");
}

TEST(Router, PathExactThenLongerPrefix) {
  const RouteTable table({MakeRoute("root", {}, {Prefix("/")}), MakeRoute("api", {}, {Prefix("/api")}),
                          MakeRoute("v1", {}, {Prefix("/api/v1")}), MakeRoute("exact", {}, {Exact("/api/v1")})});
  EXPECT_EQ(Found(table, Request("a", "/api/v1")), "exact");
  EXPECT_EQ(Found(table, Request("a", "/api/v1/")), "v1");
  EXPECT_EQ(Found(table, Request("a", "/api/v1/x/y")), "v1");
  EXPECT_EQ(Found(table, Request("a", "/api/v2")), "api");
  EXPECT_EQ(Found(table, Request("a", "/api")), "api");
  EXPECT_EQ(Found(table, Request("a", "/apix")), "root");
  EXPECT_EQ(Found(table, Request("a", "/")), "root");
}

TEST(Router, PrefixCoversWholeSegments) {
  const RouteTable table({MakeRoute("api", {}, {Prefix("/api")}), MakeRoute("slash", {}, {Prefix("/dir/")})});
  EXPECT_EQ(Found(table, Request("a", "/api/")), "api");
  EXPECT_EQ(Found(table, Request("a", "/apix")), "-");
  EXPECT_EQ(Found(table, Request("a", "/ap")), "-");
  EXPECT_EQ(Found(table, Request("a", "/API")), "-");
  EXPECT_EQ(Found(table, Request("a", "/dir")), "slash");
  EXPECT_EQ(Found(table, Request("a", "/dir/x")), "slash");
}

TEST(Router, ExactPathIsTheWholePath) {
  const RouteTable table({MakeRoute("x", {}, {Exact("/x")}), MakeRoute("y", {}, {Exact("/y/")})});
  EXPECT_EQ(Found(table, Request("a", "/x")), "x");
  EXPECT_EQ(Found(table, Request("a", "/x/")), "-");
  EXPECT_EQ(Found(table, Request("a", "/y")), "-");
  EXPECT_EQ(Found(table, Request("a", "/y/")), "y");
}

TEST(Router, MethodsThenMoreHeadersThenNameThenPosition) {
  const ValueCondition one{"X-A", Kind::kPresent, "", false};
  const ValueCondition two{"X-B", Kind::kPresent, "", false};
  const RouteTable table({MakeRoute("z-method", {}, {With(Prefix("/"), {"GET"})}),
                          MakeRoute("y-two", {}, {With(Prefix("/"), {}, {one, two})}),
                          MakeRoute("x-one", {}, {With(Prefix("/"), {}, {one})}), MakeRoute("b-none", {}, {Prefix("/")}),
                          MakeRoute("a-none", {}, {Prefix("/")})});
  const std::vector<codec::Header> both = {{"x-a", "1"}, {"x-b", "1"}};
  EXPECT_EQ(Found(table, Request("a", "/", "GET", both)), "z-method");
  EXPECT_EQ(Found(table, Request("a", "/", "POST", both)), "y-two");
  EXPECT_EQ(Found(table, Request("a", "/", "POST", {{"x-a", "1"}})), "x-one");
  EXPECT_EQ(Found(table, Request("a", "/", "POST")), "a-none");
}

TEST(Router, LongerPrefixWhoseConditionsFailFallsBackToTheShorter) {
  const RouteTable table({MakeRoute("post", {}, {With(Prefix("/api/v1"), {"POST"})}), MakeRoute("api", {}, {Prefix("/api")})});
  EXPECT_EQ(Found(table, Request("a", "/api/v1/x", "POST")), "post");
  EXPECT_EQ(Found(table, Request("a", "/api/v1/x", "GET")), "api");
}

TEST(HeaderConditions, Table) {
  const std::vector<codec::Header> headers = {{"X-A", "red, blue"}, {"X-Many", "1"}, {"x-many", "2"}, {"X-Empty", ""}};
  const auto holds = [&](ValueCondition condition) { return HeaderHolds(condition, headers); };
  EXPECT_TRUE(holds({"x-a", Kind::kExact, "red, blue", false}));
  EXPECT_FALSE(holds({"x-a", Kind::kExact, "Red, blue", false}));
  EXPECT_TRUE(holds({"x-a", Kind::kPrefix, "red", false}));
  EXPECT_FALSE(holds({"x-a", Kind::kPrefix, "blue", false}));
  EXPECT_TRUE(holds({"x-many", Kind::kExact, "1, 2", false}));
  EXPECT_FALSE(holds({"x-many", Kind::kExact, "1", false}));
  EXPECT_TRUE(holds({"x-empty", Kind::kExact, "", false}));
  EXPECT_TRUE(holds({"x-empty", Kind::kPresent, "", false}));
  EXPECT_FALSE(holds({"x-none", Kind::kExact, "", false}));
  EXPECT_FALSE(holds({"x-none", Kind::kPresent, "", false}));
  EXPECT_TRUE(holds({"x-none", Kind::kAbsent, "", false}));
  EXPECT_FALSE(holds({"x-a", Kind::kAbsent, "", false}));
  EXPECT_TRUE(holds({"x-none", Kind::kExact, "y", true}));
  EXPECT_FALSE(holds({"x-a", Kind::kPresent, "", true}));
}

TEST(HeaderConditions, ManyLinesJoinIntoOneValue) {
  std::vector<codec::Header> headers;
  std::string whole;
  for (int i = 0; i < 50; ++i) {
    headers.push_back({"X", "value"});
    whole += i == 0 ? "value" : ", value";
  }
  EXPECT_TRUE(HeaderHolds({"x", Kind::kExact, whole, false}, headers));
}

TEST(Split, DrawnNumbersFallIntoShares) {
  Route route;
  route.targets = {{7, 3}, {8, 0}, {9, 1}};
  route.total_weight = 4;
  EXPECT_EQ(route.TargetFor(0), 7U);
  EXPECT_EQ(route.TargetFor(2), 7U);
  EXPECT_EQ(route.TargetFor(3), 9U);
}

TEST(Router, TenThousandHostsWithTenPathsEach) {
  std::vector<std::shared_ptr<const Route>> routes;
  for (int host = 0; host < 10'000; ++host) {
    for (int path = 0; path < 10; ++path) {
      routes.push_back(MakeRoute("r" + std::to_string(host) + "-" + std::to_string(path), {"h" + std::to_string(host) + ".example.com"},
                                 {Prefix("/p" + std::to_string(path))}));
    }
  }
  const RouteTable table(std::move(routes));
  for (int host = 0; host < 10'000; ++host) {
    const std::string name = "h" + std::to_string(host) + ".example.com";
    for (int path = 0; path < 10; ++path) {
      const std::string text = "/p" + std::to_string(path) + "/x";
      ASSERT_EQ(Found(table, Request(name, text)), "r" + std::to_string(host) + "-" + std::to_string(path));
    }
  }
  EXPECT_EQ(Found(table, Request("h10000.example.com", "/p1")), "-");
  EXPECT_EQ(Found(table, Request("h1.example.com", "/p10")), "-");
}

// The rules of route.proto, read from top to bottom over every (route, host, match).
class PlainReading {
 public:
  static std::string Find(const std::vector<std::shared_ptr<const Route>>& routes, const codec::RequestHead& request) {
    std::vector<Rank> ranks;
    for (const auto& route : routes) {
      const std::vector<std::string> hosts = route->hosts.empty() ? std::vector<std::string>{""} : route->hosts;
      for (const std::string& host : hosts) AddHost(*route, host, request, ranks);
    }
    return ranks.empty() ? "-" : std::get<5>(*std::min_element(ranks.begin(), ranks.end()));
  }

 private:
  // Host class, fewer host labels, path class, shorter prefix, (methods, headers), name, position: smaller is better.
  using Rank = std::tuple<long, long, long, std::pair<bool, long>, std::string, std::string>;

  static void AddHost(const Route& route, const std::string& host, const codec::RequestHead& request, std::vector<Rank>& ranks) {
    long host_rank = 2;
    if (host.starts_with("*.")) {
      const std::string suffix = host.substr(1);
      if (request.host.size() <= suffix.size() || !request.host.ends_with(suffix)) return;
      host_rank = 1;
    } else if (!host.empty()) {
      if (host != request.host) return;
      host_rank = 0;
    }
    for (const MatchRule& rule : route.matches) {
      if (!PathMatches(rule, request.path)) continue;
      if (!rule.methods.empty() && std::find(rule.methods.begin(), rule.methods.end(), request.method) == rule.methods.end()) continue;
      if (!std::all_of(rule.headers.begin(), rule.headers.end(), [&](const auto& c) { return HeaderHolds(c, request.headers); })) continue;
      ranks.push_back({host_rank,
                       -std::count(host.begin(), host.end(), '.'),
                       rule.kind == PathKind::kExact ? -1000 : -static_cast<long>(rule.path.size()),
                       {rule.methods.empty(), -static_cast<long>(rule.headers.size())},
                       route.name,
                       route.name});
    }
  }

  static bool PathMatches(const MatchRule& rule, std::string_view path) {
    if (rule.kind == PathKind::kExact) return path == rule.path;
    if (rule.path == "/") return true;
    return path.starts_with(rule.path) && (path.size() == rule.path.size() || path[rule.path.size()] == '/');
  }
};

TEST(Router, AgreesWithAPlainReadingOnRandomTables) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::vector<std::string> hosts = {"a.x.com", "b.x.com", "*.x.com", "*.com", "c.a.x.com", "*.a.x.com"};
  const std::vector<std::string> asked = {"a.x.com", "b.x.com", "x.com", "com", "c.a.x.com", "d.a.x.com", "other"};
  const std::vector<std::string> paths = {"/", "/a", "/a/b", "/ab", "/a/b/c", "/b"};
  const std::vector<std::string> methods = {"GET", "POST"};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::shared_ptr<const Route>> routes;
    for (int i = 0; i < 12; ++i) {
      std::vector<MatchRule> rules;
      for (std::uint64_t count = 1 + random.Below(3); count > 0; --count) {
        MatchRule rule = random.Below(3) == 0 ? Exact(paths[random.Below(paths.size())]) : Prefix(paths[random.Below(paths.size())]);
        if (random.Below(3) == 0) rule.methods = {methods[random.Below(2)]};
        if (random.Below(3) == 0) rule.headers.push_back({"x", Kind::kPresent, "", random.Below(2) == 0});
        rules.push_back(rule);
      }
      std::vector<std::string> own;
      for (std::uint64_t count = random.Below(3); count > 0; --count) own.push_back(hosts[random.Below(hosts.size())]);
      routes.push_back(MakeRoute("r" + std::to_string(10 + i), own, rules));
    }
    const RouteTable table(routes);
    for (const std::string& host : asked) {
      for (const std::string& path : paths) {
        const auto request = Request(host, path, methods[random.Below(2)],
                                     random.Below(2) == 0 ? std::vector<codec::Header>{{"X", ""}} : std::vector<codec::Header>{});
        ASSERT_EQ(Found(table, request), PlainReading::Find(routes, request)) << host << path;
      }
    }
  }
}

}  // namespace
}  // namespace switchyard::agent::router
