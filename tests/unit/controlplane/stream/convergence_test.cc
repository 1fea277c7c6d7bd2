// Goal: every agent's standing is named rightly, with its reasons. Method: facts by hand.
#include "controlplane/stream/convergence.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::stream {
namespace {
using std::chrono::seconds;

const WallTime kCommitted{seconds(1000)};
const WallTime kNow{seconds(1010)};

AgentRecord MakeAgent(const std::string& node, std::uint64_t served, bool connected = true) {
  AgentRecord agent;
  agent.facts.node = node;
  agent.facts.served_generation = served;
  agent.connected = connected;
  return agent;
}

v1::Violation MakeViolation(const std::string& field) {
  v1::Violation violation;
  violation.set_field(field);
  return violation;
}

TEST(Convergence, IsCompleteWithoutAgents) {
  const auto convergence = ComputeConvergence({}, 5, kCommitted, kNow);
  EXPECT_TRUE(convergence.complete());
  EXPECT_EQ(convergence.total(), 0u);
}

TEST(Convergence, IsCompleteWhenAllServeItOrALaterOne) {
  const auto convergence = ComputeConvergence({{"a", MakeAgent("a", 5)}, {"b", MakeAgent("b", 9)}}, 5, kCommitted, kNow);
  EXPECT_TRUE(convergence.complete());
  EXPECT_EQ(convergence.applied(), 2u);
  EXPECT_EQ(convergence.laggards_size(), 0);
}

TEST(Convergence, TookIsTheTimeToTheLastAgent) {
  auto a = MakeAgent("a", 5), b = MakeAgent("b", 5);
  a.facts.served_at = kCommitted + std::chrono::milliseconds(20);
  b.facts.served_at = kCommitted + std::chrono::milliseconds(1500);
  const auto convergence = ComputeConvergence({{"a", a}, {"b", b}}, 5, kCommitted, kNow);
  EXPECT_EQ(convergence.took().seconds(), 1);
  EXPECT_EQ(convergence.took().nanos(), 500'000'000);
}

TEST(Convergence, TookIsTheTimeSoFarWhileIncomplete) {
  const auto convergence = ComputeConvergence({{"a", MakeAgent("a", 4)}}, 5, kCommitted, kNow);
  EXPECT_EQ(convergence.took().seconds(), 10);
}

TEST(Convergence, NamesQuarantineWithItsViolations) {
  auto agent = MakeAgent("a", 5);
  agent.facts.quarantined = {MakeViolation("spec.port")};
  const auto convergence = ComputeConvergence({{"a", agent}}, 5, kCommitted, kNow);
  EXPECT_FALSE(convergence.complete());
  ASSERT_EQ(convergence.laggards_size(), 1);
  EXPECT_EQ(convergence.laggards(0).state(), v1::Laggard::STATE_QUARANTINED);
  EXPECT_EQ(convergence.laggards(0).violations(0).field(), "spec.port");
}

TEST(Convergence, NamesARefusalWithItsReasons) {
  auto agent = MakeAgent("a", 4);
  agent.facts.rejected_generation = 6;
  agent.facts.rejected = {MakeViolation("spec.backends[0].address")};
  const auto convergence = ComputeConvergence({{"a", agent}}, 5, kCommitted, kNow);
  ASSERT_EQ(convergence.laggards_size(), 1);
  EXPECT_EQ(convergence.laggards(0).state(), v1::Laggard::STATE_REJECTED);
  EXPECT_EQ(convergence.laggards(0).applied_generation(), 4u);
  EXPECT_EQ(convergence.laggards(0).violations(0).field(), "spec.backends[0].address");
}

TEST(Convergence, ARefusalOfAnEarlierGenerationIsStillPendingForThisOne) {
  auto agent = MakeAgent("a", 3);
  agent.facts.rejected_generation = 4;
  EXPECT_EQ(StandingOf(agent.facts, 5), Standing::kPending);
}

TEST(Convergence, ListsDisconnectedAgentsLastAndCompletesWithoutThem) {
  const auto convergence =
      ComputeConvergence({{"a", MakeAgent("a", 2, false)}, {"b", MakeAgent("b", 5)}, {"c", MakeAgent("c", 7, false)}}, 5, kCommitted, kNow);
  EXPECT_TRUE(convergence.complete());
  EXPECT_EQ(convergence.total(), 1u);
  ASSERT_EQ(convergence.laggards_size(), 1);
  EXPECT_EQ(convergence.laggards(0).node(), "a");
  EXPECT_EQ(convergence.laggards(0).state(), v1::Laggard::STATE_DISCONNECTED);
}

TEST(Convergence, BoundsItsLaggards) {
  AgentRecords agents;
  for (int i = 0; i < 3000; ++i) agents["n" + std::to_string(i)] = MakeAgent("n" + std::to_string(i), 1);
  const auto convergence = ComputeConvergence(agents, 5, kCommitted, kNow);
  EXPECT_EQ(convergence.laggards_size(), kMaxLaggards);
  EXPECT_EQ(convergence.total(), 3000u);
}

}  // namespace
}  // namespace switchyard::controlplane::stream
