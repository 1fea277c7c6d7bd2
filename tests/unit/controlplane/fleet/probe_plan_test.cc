#include "controlplane/fleet/probe_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace switchyard::controlplane::fleet {
namespace {

std::vector<ProbingAgent> Agents(int count, int zones) {
  std::vector<ProbingAgent> out;
  for (int i = 0; i < count; ++i) out.push_back({"agent-" + std::to_string(i), "zone-" + std::to_string(i % zones)});
  return out;
}

TEST(ProbePlan, GivesEachBackendKProbersInDifferentZones) {
  const ProbePlan plan(Agents(30, 5));
  for (int b = 0; b < 100; ++b) {
    const auto probers = plan.ProbersOf("web", "10.0.0." + std::to_string(b), 3);
    ASSERT_EQ(probers.size(), 3U);
    std::set<int> zones;
    for (const std::string& node : probers) zones.insert(std::stoi(node.substr(6)) % 5);
    EXPECT_EQ(zones.size(), 3U);
  }
}

TEST(ProbePlan, TakesAllWhenThereAreNoMore) {
  EXPECT_EQ(ProbePlan(Agents(2, 1)).ProbersOf("web", "b", 3).size(), 2U);
  EXPECT_TRUE(ProbePlan({}).ProbersOf("web", "b", 3).empty());
}

TEST(ProbePlan, SpreadsTheWorkEvenly) {
  const ProbePlan plan(Agents(20, 1));
  std::map<std::string, int> load;
  for (int b = 0; b < 1000; ++b) {
    for (const std::string& node : plan.ProbersOf("web", "b" + std::to_string(b), 3)) ++load[node];
  }
  for (const auto& [node, count] : load) EXPECT_LT(count, 150 * 2.2) << node;
  EXPECT_EQ(load.size(), 20U);
}

TEST(ProbePlan, OneAgentLessMovesOnlyItsOwnPart) {
  auto agents = Agents(20, 1);
  const ProbePlan before(agents);
  agents.erase(agents.begin() + 7);
  const ProbePlan after(agents);
  int moved = 0;
  for (int b = 0; b < 1000; ++b) {
    const auto had = before.ProbersOf("web", "b" + std::to_string(b), 3);
    const auto has = after.ProbersOf("web", "b" + std::to_string(b), 3);
    for (const std::string& node : has) moved += std::find(had.begin(), had.end(), node) == had.end() ? 1 : 0;
  }
  // A twentieth of 3000 is 150; one arc may be larger.
  EXPECT_LT(moved, 330);
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
