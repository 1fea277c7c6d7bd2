// Goal: where Gateway API's HTTPRoute and GRPCRoute say which of several matching routes wins, ours is the same one.
// Method: one row per sentence of the rules: two or more routes that all match, a request, and the winner; each table also in reverse order,
// since the order in which routes come must not matter. Source: Gateway API v1, HTTPRouteRule.matches, GRPCRouteRule.matches.
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/router/route_table.h"

namespace switchyard::agent::router {
namespace {

using Kind = ValueCondition::Kind;

struct Given {
  std::string name;
  std::vector<std::string> hosts;
  MatchRule rule;
};

struct Row {
  std::string sentence;
  std::vector<Given> routes;
  std::string winner;
};

MatchRule Path(PathKind kind, const std::string& path) {
  MatchRule rule;
  rule.kind = kind;
  rule.path = path;
  if (kind == PathKind::kRegex) rule.regex = std::make_shared<const rules::Pattern>(*rules::Pattern::Compile(path));
  if (kind == PathKind::kTemplate) rule.path_template = std::make_shared<const rules::PathTemplate>(*rules::PathTemplate::Parse(path));
  return rule;
}
MatchRule Prefix(const std::string& path) { return Path(PathKind::kPrefix, path); }

MatchRule With(MatchRule rule, std::vector<std::string> methods, int headers, int query) {
  const char* names[] = {"a", "b", "c"};
  rule.methods = std::move(methods);
  for (int i = 0; i < headers; ++i) rule.headers.push_back({names[i], Kind::kPresent});
  for (int i = 0; i < query; ++i) rule.query.push_back({names[i], Kind::kPresent});
  return rule;
}

std::string Winner(std::vector<Given> given, bool reversed) {
  if (reversed) std::reverse(given.begin(), given.end());
  std::vector<std::shared_ptr<const Route>> routes;
  for (const Given& each : given) {
    auto route = std::make_shared<Route>();
    route->name = each.name;
    route->hosts = each.hosts;
    route->matches = {each.rule};
    routes.push_back(route);
  }
  const RouteTable table(routes);
  codec::RequestHead head;
  head.method = "GET";
  head.host = "www.foo.example.com";
  head.path = "/shop.v1.Orders/Place";
  head.path_and_query = "/shop.v1.Orders/Place?a=1&b=2&c=3";
  head.headers = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"content-type", "application/grpc+proto"}, {"cookie", "a=1; b=2"}};
  const Route* found = table.Find(head, "10.1.2.3").route;
  return found == nullptr ? "-" : found->name;
}

const std::string kExactPath = "/shop.v1.Orders/Place";
const std::string kService = "/shop.v1.Orders";

TEST(GatewayApi, PrecedenceOfHttpRoutes) {
  const std::vector<Row> rows = {
      {"a host name without wildcard before one with", {{"a", {"*.example.com"}, Prefix("/")}, {"b", {"www.foo.example.com"}, Prefix("/")}}, "b"},
      {"more characters of a wildcard host name", {{"a", {"*.example.com"}, Prefix("/")}, {"b", {"*.foo.example.com"}, Prefix("/")}}, "b"},
      {"a host name before none", {{"a", {}, Prefix("/")}, {"b", {"*.com"}, Prefix("/")}}, "b"},
      {"the host decides before the path",
       {{"a", {"*.example.com"}, Path(PathKind::kExact, kExactPath)}, {"b", {"www.foo.example.com"}, Prefix("/")}},
       "b"},
      {"an exact path before a prefix", {{"a", {}, Prefix(kExactPath)}, {"b", {}, Path(PathKind::kExact, kExactPath)}}, "b"},
      {"the prefix with more characters", {{"a", {}, Prefix("/")}, {"b", {}, Prefix(kService)}}, "b"},
      {"the path decides before the method", {{"a", {}, With(Prefix("/"), {"GET"}, 0, 0)}, {"b", {}, Prefix(kService)}}, "b"},
      {"a method match before none", {{"a", {}, Prefix("/")}, {"b", {}, With(Prefix("/"), {"GET"}, 0, 0)}}, "b"},
      {"the method decides before headers", {{"a", {}, With(Prefix("/"), {}, 3, 0)}, {"b", {}, With(Prefix("/"), {"GET"}, 0, 0)}}, "b"},
      {"more header matches", {{"a", {}, With(Prefix("/"), {}, 1, 0)}, {"b", {}, With(Prefix("/"), {}, 2, 0)}}, "b"},
      {"headers decide before query parameters", {{"a", {}, With(Prefix("/"), {}, 1, 3)}, {"b", {}, With(Prefix("/"), {}, 2, 0)}}, "b"},
      {"more query parameter matches", {{"a", {}, With(Prefix("/"), {}, 1, 1)}, {"b", {}, With(Prefix("/"), {}, 1, 2)}}, "b"},
      {"the first name in the alphabet among equals", {{"b", {}, Prefix("/")}, {"a", {}, Prefix("/")}, {"c", {}, Prefix("/")}}, "a"}};
  for (const Row& row : rows) {
    EXPECT_EQ(Winner(row.routes, false), row.winner) << row.sentence;
    EXPECT_EQ(Winner(row.routes, true), row.winner) << row.sentence << " (reversed)";
  }
}

MatchRule Grpc(MatchRule rule) {
  rule.grpc = true;
  return rule;
}

TEST(GatewayApi, PrecedenceOfGrpcRoutes) {
  const MatchRule exact = Grpc(Path(PathKind::kExact, kExactPath));
  const MatchRule service = Grpc(Prefix(kService));
  const MatchRule method = Grpc(Path(PathKind::kTemplate, "/*/Place"));
  const std::vector<Row> rows = {
      {"service and method before the service alone", {{"a", {}, service}, {"b", {}, exact}}, "b"},
      {"service and method before the method alone", {{"a", {}, method}, {"b", {}, exact}}, "b"},
      {"a service before every service", {{"a", {}, Grpc(Prefix("/"))}, {"b", {}, service}}, "b"},
      {"more header matches among equals", {{"a", {}, exact}, {"b", {}, With(exact, {}, 1, 0)}}, "b"}};
  for (const Row& row : rows) {
    EXPECT_EQ(Winner(row.routes, false), row.winner) << row.sentence;
    EXPECT_EQ(Winner(row.routes, true), row.winner) << row.sentence << " (reversed)";
  }
}

// Where Gateway API leaves it open.
TEST(RoutePrecedence, OfWhatIsOurs) {
  const MatchRule exact = Path(PathKind::kExact, kExactPath);
  const MatchRule pattern = Path(PathKind::kTemplate, "/*/{method}");
  const MatchRule regex = Path(PathKind::kRegex, "/shop.*");
  const MatchRule longer_regex = Path(PathKind::kRegex, "/shop.v1.O.*");
  MatchRule cookies = Prefix("/");
  cookies.cookies = {{"a", Kind::kPresent}};
  MatchRule sources = Prefix("/");
  sources.sources = {*rules::Network::Parse("10.0.0.0/8")};
  MatchRule elsewhere = Prefix("/");
  elsewhere.sources = {*rules::Network::Parse("192.0.2.0/24")};
  const std::vector<Row> rows = {{"exact before template", {{"a", {}, pattern}, {"b", {}, exact}}, "b"},
                                 {"template before regex", {{"a", {}, longer_regex}, {"b", {}, pattern}}, "b"},
                                 {"regex before prefix", {{"a", {}, Prefix(kService)}, {"b", {}, regex}}, "b"},
                                 {"the longer regex", {{"a", {}, regex}, {"b", {}, longer_regex}}, "b"},
                                 {"query before cookies", {{"a", {}, cookies}, {"b", {}, With(Prefix("/"), {}, 0, 1)}}, "b"},
                                 {"cookies before addresses", {{"a", {}, sources}, {"b", {}, cookies}}, "b"},
                                 {"addresses before none", {{"a", {}, Prefix("/")}, {"b", {}, sources}}, "b"},
                                 {"addresses that do not cover the client", {{"a", {}, elsewhere}, {"b", {}, Prefix("/")}}, "b"}};
  for (const Row& row : rows) {
    EXPECT_EQ(Winner(row.routes, false), row.winner) << row.sentence;
    EXPECT_EQ(Winner(row.routes, true), row.winner) << row.sentence << " (reversed)";
  }
}

// What makes look-up flat: however large the table, a key leads to the routes of one host and one path, and to nothing else.
TEST(RouteTableShape, StaysFlatAsTheTableGrows) {
  for (const int hosts : {1, 10, 1'000, 10'000}) {
    std::vector<std::shared_ptr<const Route>> routes;
    for (int i = 0; i < hosts * 10; ++i) {
      auto route = std::make_shared<Route>();
      route->name = "r" + std::to_string(i);
      route->hosts = {"h" + std::to_string(i / 10) + ".example.com"};
      route->matches = {Prefix("/p" + std::to_string(i % 10))};
      routes.push_back(route);
    }
    const RouteIndex::Shape shape = RouteTable(std::move(routes)).shape();
    EXPECT_EQ(shape.keys, static_cast<std::size_t>(hosts) * 10);
    EXPECT_EQ(shape.longest_candidates, 1U);
    // At most half full: runs of taken slots grow with the logarithm of the table only.
    EXPECT_LE(shape.longest_walk, 64U);
  }
}

}  // namespace
}  // namespace switchyard::agent::router
