// Goal: every agent has its backends, every backend nearly as many agents as every other, and little moves when either come and go.
// Method: random fleets from printed seeds; the properties after each change.
#include "controlplane/fleet/subset_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "common/base/random.h"
#include "common/base/rendezvous.h"

namespace switchyard::controlplane::fleet {
namespace {

using Name = SubsetPlan::Name;

std::vector<Name> Names(const std::string& kind, std::size_t count) {
  std::vector<Name> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(NameHash(kind + std::to_string(i)));
  return out;
}

struct Counts {
  std::uint32_t most = 0;
  std::uint32_t least = 0;
};

Counts CountsOf(const SubsetPlan& plan, const std::vector<Name>& agents, const std::vector<Name>& backends) {
  std::map<Name, std::uint32_t> counts;
  for (const Name backend : backends) counts[backend] = 0;
  for (const Name agent : agents) {
    for (const Name backend : *plan.BackendsOf(agent)) ++counts.at(backend);
  }
  Counts out{0, ~0U};
  for (const auto& [backend, count] : counts) out = {std::max(out.most, count), std::min(out.least, count)};
  return out;
}

using Links = std::map<Name, std::vector<Name>>;
Links LinksOf(const SubsetPlan& plan, const std::vector<Name>& agents) {
  Links out;
  for (const Name agent : agents) out[agent] = *plan.BackendsOf(agent);
  return out;
}

// Links that agents of both have and did not have before.
std::size_t NewLinks(const Links& before, const Links& after) {
  std::size_t out = 0;
  for (const auto& [agent, backends] : after) {
    const auto at = before.find(agent);
    if (at == before.end()) continue;
    for (const Name backend : backends) out += std::binary_search(at->second.begin(), at->second.end(), backend) ? 0 : 1;
  }
  return out;
}

void ExpectEven(const SubsetPlan& plan, const std::vector<Name>& agents, const std::vector<Name>& backends, std::size_t k, const std::string& what) {
  for (const Name agent : agents) {
    ASSERT_NE(plan.BackendsOf(agent), nullptr) << what;
    ASSERT_EQ(plan.BackendsOf(agent)->size(), k) << what;
  }
  const Counts counts = CountsOf(plan, agents, backends);
  EXPECT_LE(counts.most - counts.least, SubsetPlan::SpreadOf(agents.size() * k, backends.size())) << what;
}

TEST(SubsetPlan, AHundredByAHundredIsEvenAndABackendThatGoesMovesOnlyItsOwn) {
  const auto agents = Names("agent-", 100);
  auto backends = Names("backend-", 100);
  SubsetPlan plan;
  EXPECT_EQ(plan.Assign(agents, backends, 20).size(), 100U);
  ExpectEven(plan, agents, backends, 20, "at first");
  const Links before = LinksOf(plan, agents);
  backends.erase(backends.begin() + 17);
  plan.Assign(agents, backends, 20);
  ExpectEven(plan, agents, backends, 20, "one less");
  // Twenty agents had it; nobody else moves but for the balance.
  EXPECT_LE(NewLinks(before, LinksOf(plan, agents)), 22U);
}

TEST(SubsetPlan, ANewBackendTakesItsShareAndNothingElseMoves) {
  const auto agents = Names("agent-", 100);
  auto backends = Names("backend-", 100);
  SubsetPlan plan;
  plan.Assign(agents, backends, 20);
  const Links before = LinksOf(plan, agents);
  backends.push_back(NameHash("a new one"));
  plan.Assign(agents, backends, 20);
  ExpectEven(plan, agents, backends, 20, "one more");
  EXPECT_LE(NewLinks(before, LinksOf(plan, agents)), 21U);
}

TEST(SubsetPlan, TheSameFleetGivesTheSamePlanInWhateverOrder) {
  auto agents = Names("agent-", 37);
  auto backends = Names("backend-", 53);
  SubsetPlan one;
  one.Assign(agents, backends, 7);
  std::reverse(agents.begin(), agents.end());
  std::reverse(backends.begin(), backends.end());
  SubsetPlan other;
  other.Assign(agents, backends, 7);
  EXPECT_EQ(LinksOf(one, agents), LinksOf(other, agents));
}

TEST(SubsetPlan, AControllerThatStartsAnewMovesNobodyWhoSaysWhatItHas) {
  auto agents = Names("agent-", 60);
  const auto backends = Names("backend-", 40);
  SubsetPlan before;
  before.Assign(agents, backends, 8);
  // A past of its own: what stands is not what a fresh plan would be.
  agents.erase(agents.begin() + 5, agents.begin() + 15);
  before.Assign(agents, backends, 8);
  SubsetPlan after;
  for (const Name agent : agents) after.Hold(agent, *before.BackendsOf(agent));
  after.Assign(agents, backends, 8);
  EXPECT_EQ(LinksOf(before, agents), LinksOf(after, agents));
}

TEST(SubsetPlan, SmallFleetsUseMoreThanAskedForAndTheSmallestUseAll) {
  const auto backends = Names("backend-", 30);
  SubsetPlan plan;
  plan.Assign(Names("agent-", 3), backends, 4);
  EXPECT_TRUE(plan.all()) << "three agents, three for each backend";
  const auto agents = Names("agent-", 9);
  EXPECT_EQ(plan.Assign(agents, backends, 4).size(), 9U) << "all are told when they no longer use all";
  EXPECT_FALSE(plan.all());
  ExpectEven(plan, agents, backends, 10, "nine agents");
  EXPECT_EQ(plan.Assign(agents, Names("backend-", 4), 4).size(), 9U);
  EXPECT_TRUE(plan.all());
  EXPECT_EQ(plan.Assign({}, backends, 4).size(), 0U);
}

TEST(SubsetPlan, WhatAnAgentSaysItHasIsNoMoreThanAWish) {
  const auto agents = Names("agent-", 20);
  const auto backends = Names("backend-", 20);
  SubsetPlan plan;
  for (const Name agent : agents) {
    // All want the same ones, one too many, one twice, and one that does not exist.
    plan.Hold(agent, {backends[0], backends[1], backends[2], backends[3], backends[4], backends[5], backends[5], 42});
  }
  plan.Assign(agents, backends, 5);
  ExpectEven(plan, agents, backends, 5, "everybody wants the same");
}

// A year in the life of a fleet.
TEST(SubsetPlan, StaysEvenAndMovesLittleWhateverComesAndGoes) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::size_t made = 1000;
  auto agents = Names("agent-", 40 + random.Below(100));
  auto backends = Names("backend-", 40 + random.Below(100));
  const std::size_t k = 5 + random.Below(10);
  SubsetPlan plan;
  plan.Assign(agents, backends, k);
  double moved = 0;
  double own = 0;
  const int steps = 300;
  for (int step = 0; step < steps; ++step) {
    const Links before = LinksOf(plan, agents);
    const bool of_agents = random.Below(2) == 0;
    auto& part = of_agents ? agents : backends;
    const bool comes = part.size() < 40 || (part.size() < 150 && random.Below(2) == 0);
    if (comes) {
      part.push_back(NameHash("new-" + std::to_string(++made)));
    } else {
      part.erase(part.begin() + static_cast<std::ptrdiff_t>(random.Below(part.size())));
    }
    plan.Assign(agents, backends, k);
    const std::size_t per_agent = std::max(k, (kLeastAgentsPerBackend * backends.size() + agents.size() - 1) / agents.size());
    ExpectEven(plan, agents, backends, std::min(per_agent, backends.size()), "step " + std::to_string(step));
    if (of_agents) continue;
    // Of agents that stayed: what had to move is the share of one backend.
    moved += static_cast<double>(NewLinks(before, LinksOf(plan, agents)));
    own += static_cast<double>(agents.size() * per_agent) / static_cast<double>(backends.size());
  }
  EXPECT_LE(moved, 1.6 * own);
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
