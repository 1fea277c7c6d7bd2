// Goal: `apply --wait` ends when every agent has applied the change, soon, and otherwise names exactly who has not, what and why. Method: 20 real
// agents; many changes, each timed from request to answer; then one agent's port is taken by a stranger.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/fleet_api.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

constexpr std::size_t kAgents = 20;
constexpr int kChanges = 200;

class ApplyWait : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto fleet = harness::Fleet::Start({.agents = kAgents, .workers = 1});
    ASSERT_TRUE(fleet.ok()) << fleet.status();
    fleet_ = std::move(fleet)->release();
  }
  static void TearDownTestSuite() {
    delete fleet_;
    fleet_ = nullptr;
  }
  // Each agent has a listener of its own, since they share one host.
  static std::vector<v1::Resource> PerAgent(const std::vector<harness::ReservedPort>& ports, std::uint32_t weight) {
    std::vector<v1::Resource> resources;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const std::string name = fmt::format("wait-{}", i);
      v1::Resource listener = MakeListener(name, ports[i].port());
      (*listener.mutable_listener()->mutable_agents()->mutable_match_labels())["node"] = fmt::format("agent-{}", i);
      resources.push_back(listener);
      resources.push_back(MakeRoute(name, name, "wait"));
    }
    resources.push_back(MakeUpstream("wait", {"127.0.0.1:9"}));
    resources.back().mutable_upstream()->mutable_backends(0)->set_weight(weight);
    return resources;
  }
  static inline harness::Fleet* fleet_ = nullptr;
};

TEST_F(ApplyWait, EndsWhenTwentyAgentsHaveApplied) {
  ASSERT_NE(fleet_, nullptr);
  FleetApi api(*fleet_);
  const std::vector<harness::ReservedPort> ports(kAgents);
  const SystemClock clock;
  std::vector<double> took_ms;
  for (int change = 1; change <= kChanges; ++change) {
    const TimePoint start = clock.Now();
    const auto applied = api.Apply(PerAgent(ports, static_cast<std::uint32_t>(change)), harness::kPatience);
    took_ms.push_back(std::chrono::duration<double, std::milli>(clock.Now() - start).count());
    ASSERT_TRUE(applied.ok()) << applied.status();
    ASSERT_TRUE(applied->convergence().complete()) << applied->convergence().DebugString();
    ASSERT_EQ(applied->convergence().applied(), kAgents);
  }
  // The first opens twenty listeners; it counts, too.
  std::sort(took_ms.begin(), took_ms.end());
  fmt::print("apply --wait, {} agents, {} changes: median {:.1f} ms, p99 {:.1f} ms, worst {:.1f} ms\n", kAgents, kChanges,
             took_ms[kChanges / 2], took_ms[kChanges * 99 / 100], took_ms.back());
}

TEST_F(ApplyWait, NamesExactlyTheAgentThatRefuses) {
  ASSERT_NE(fleet_, nullptr);
  FleetApi api(*fleet_);
  const std::vector<harness::ReservedPort> ports(kAgents);
  const auto stranger = harness::Socket::ListenLoopback();
  ASSERT_TRUE(stranger.ok());
  std::vector<v1::Resource> resources = PerAgent(ports, 1);
  // Agent 7 is told to listen where a stranger does.
  resources[14].mutable_listener()->set_port(stranger->port());
  const auto applied = api.Apply(resources, harness::kPatience);
  ASSERT_TRUE(applied.ok()) << applied.status();
  const v1::Convergence& convergence = applied->convergence();
  EXPECT_FALSE(convergence.complete());
  EXPECT_EQ(convergence.applied(), kAgents - 1);
  ASSERT_EQ(convergence.laggards_size(), 1) << convergence.DebugString();
  const v1::Laggard& laggard = convergence.laggards(0);
  EXPECT_EQ(laggard.node(), "agent-7");
  EXPECT_EQ(laggard.state(), v1::Laggard::STATE_QUARANTINED);
  ASSERT_EQ(laggard.violations_size(), 1);
  EXPECT_EQ(laggard.violations(0).resource().name(), "wait-7");
  EXPECT_EQ(laggard.violations(0).field(), "spec.port");
  EXPECT_NE(laggard.violations(0).reason().find("in use"), std::string::npos) << laggard.violations(0).reason();
}

}  // namespace
}  // namespace switchyard::integration
