// Goal: a server name finds the route that is most exact about it. Method: tables of names.
#include "agent/router/sni_table.h"

#include <gtest/gtest.h>

namespace switchyard::agent::router {
namespace {

std::shared_ptr<const Route> Named(const std::string& name, const std::vector<std::vector<std::string>>& matches) {
  auto route = std::make_shared<Route>();
  route->name = name;
  for (const auto& sni : matches) route->matches.push_back({.sni = sni});
  return route;
}

std::string Found(const SniTable& table, std::string_view name) {
  const Route* route = table.Find(name);
  return route == nullptr ? "" : route->name;
}

TEST(SniTableTest, PrefersExactThenTheLongerSuffixThenAny) {
  const SniTable table({Named("any", {}), Named("exact", {{"a.b.example.com", "Other.Example.Com"}}), Named("long", {{"*.b.example.com"}}),
                        Named("short", {{"*.example.com"}})});
  EXPECT_EQ(Found(table, "a.b.example.com"), "exact");
  EXPECT_EQ(Found(table, "other.example.com"), "exact");
  EXPECT_EQ(Found(table, "x.b.example.com"), "long");
  EXPECT_EQ(Found(table, "x.y.b.example.com"), "long");
  EXPECT_EQ(Found(table, "b.example.com"), "short");
  EXPECT_EQ(Found(table, "example.com"), "any") << "a wildcard does not cover its own suffix";
  EXPECT_EQ(Found(table, ""), "any");
  EXPECT_EQ(Found(table, "localhost"), "any");
}

TEST(SniTableTest, HasNothingForStrangersWithoutARouteForAny) {
  const SniTable table({Named("one", {{"one.example.com"}, {"*.two.example.com"}})});
  EXPECT_EQ(Found(table, "one.example.com"), "one");
  EXPECT_EQ(Found(table, "x.two.example.com"), "one");
  EXPECT_EQ(Found(table, "three.example.com"), "");
  EXPECT_EQ(Found(table, ""), "");
  EXPECT_EQ(SniTable({}).Find("a"), nullptr);
}

TEST(SniTableTest, AmongEqualsTheFirstNameWins) {
  const SniTable table({Named("z", {{"same.example.com"}, {}}), Named("a", {{"same.example.com"}, {}})});
  EXPECT_EQ(Found(table, "same.example.com"), "a");
  EXPECT_EQ(Found(table, ""), "a");
}

}  // namespace
}  // namespace switchyard::agent::router
