// What routes took: counted by class and by the bounds of the metric, each window for itself, and without a place for those that are quiet.
#include "agent/report/route_traffic.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace switchyard::agent::report {
namespace {

std::map<std::string, RouteCounts> ByName(std::vector<RouteWindow> windows) {
  std::map<std::string, RouteCounts> out;
  for (RouteWindow& each : windows) out.emplace(each.name, each.counts);
  return out;
}

TEST(RouteTraffic, CountsByClassAndBound) {
  RouteTraffic traffic;
  traffic.Record(7, "buy", 200, 500);      // the first bound itself
  traffic.Record(7, "buy", 204, 501);      // above it
  traffic.Record(7, "buy", 503, 99'000'000);  // above all
  traffic.Record(7, "buy", 0, 0);          // the client left
  const auto found = ByName(traffic.Collect());
  ASSERT_EQ(found.size(), 1U);
  const RouteCounts& buy = found.at("buy");
  EXPECT_EQ(buy.by_class, (std::array<std::uint32_t, 5>{0, 2, 0, 0, 1}));
  EXPECT_EQ(buy.took.front(), 2U);
  EXPECT_EQ(buy.took[1], 1U);
  EXPECT_EQ(buy.took.back(), 1U);
  EXPECT_EQ(buy.took_sum_us, 99'001'001U);
}

TEST(RouteTraffic, TellsEachWindowForItselfAndDropsWhatIsQuiet) {
  RouteTraffic traffic;
  traffic.Record(1, "one", 200, 1);
  traffic.Record(2, "two", 200, 1);
  EXPECT_EQ(traffic.Collect().size(), 2U);
  EXPECT_EQ(traffic.places(), 2U) << "kept for the next requests";
  traffic.Record(2, "two", 404, 1);
  const auto second = ByName(traffic.Collect());
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second.at("two").by_class, (std::array<std::uint32_t, 5>{0, 0, 0, 1, 0}));
  EXPECT_EQ(traffic.places(), 1U);
  EXPECT_TRUE(traffic.Collect().empty());
  EXPECT_EQ(traffic.places(), 0U);
}

TEST(RouteTraffic, LosesNothingWhileItGrowsAndShrinks) {
  constexpr unsigned kSeed = 20'261;
  std::mt19937_64 random(kSeed);
  RouteTraffic traffic;
  for (const std::size_t routes : {3'000U, 40U, 700U}) {
    std::map<std::string, std::uint32_t> expected;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t route = random() % routes;
      // Ids that share their low bits fall on one place.
      const std::uint64_t id = (route + 1) << (route % 3 * 20);
      const std::string name = fmt::format("route {} of a name that is long", id);
      traffic.Record(id, name, 200, 5);
      ++expected[name];
    }
    std::map<std::string, std::uint32_t> counted;
    for (const RouteWindow& each : traffic.Collect()) counted[each.name] += each.counts.by_class[1];
    EXPECT_EQ(counted, expected) << "seed " << kSeed;
  }
}

}  // namespace
}  // namespace switchyard::agent::report
