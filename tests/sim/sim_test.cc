// Goal: the figures that docs/balancing.md and docs/breakers.md rest on hold on every build. Method: single seeds of the setups of tables.h,
// bounds with room for the seed.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/sim/fleet.h"
#include "tests/sim/laws.h"
#include "tests/sim/setups.h"

namespace switchyard::tests::sim {
namespace {

using agent::breaker::Mode;

Outcome Uneven(const Policy& policy, int agents) { return Simulate(UnevenFleet(policy, agents, 0.75, true)); }

TEST(Sim, AdaptiveWithReportsLeadsOnAnUnevenFleet) {
  const Outcome adaptive = Uneven(kAdaptive, 100);
  const Outcome least = Uneven(kLeastRequest, 100);
  const Outcome peak = Uneven(kPeakEwma, 100);
  RecordProperty("p99_adaptive", std::to_string(adaptive.p99));
  EXPECT_LE(adaptive.p99, 65);
  EXPECT_LE(adaptive.p99, 0.25 * least.p99);
  EXPECT_LE(adaptive.p99, 0.4 * peak.p99);
  EXPECT_LE(Uneven(kAdaptive, 20).p99, 57);
}

TEST(Sim, WithoutReportsAdaptiveIsNoWorseThanLeastRequest) {
  EXPECT_LE(Uneven(kAdaptiveLocal, 20).p99, Uneven(kLeastRequest, 20).p99);
}

TEST(Sim, NothingLosesToRoundRobinWhenAllIsEven) {
  const double fair = Simulate(UnevenFleet(kRoundRobin, 20, 0.75, false)).p99;
  EXPECT_LE(Simulate(UnevenFleet(kAdaptive, 20, 0.75, false)).p99, 1.02 * fair);
  EXPECT_LE(Simulate(UnevenFleet(kAdaptiveOverlay, 20, 0.75, false)).p99, 1.02 * fair);
  EXPECT_LE(Simulate(UnevenFleet(kAdaptiveLocal, 20, 0.75, false)).p99, 1.02 * fair);
  EXPECT_LE(Simulate(SlowerFleet(kAdaptiveOverlay, false)).p99, 1.03 * Simulate(SlowerFleet(kRoundRobin, false)).p99);
}

TEST(Sim, SameSeedSameResult) {
  Scenario scenario = UnevenFleet(kAdaptive, 20, 0.75, true);
  scenario.requests = 5'000;
  EXPECT_EQ(Simulate(scenario).p999, Simulate(scenario).p999);
}

constexpr std::array<const char*, 6> kSinkholeNames = {"LeastRequest", "PeakEwma", "HotCold", "AdaptiveLocal", "AdaptiveOverlay", "Adaptive"};

class SinkholeTest : public testing::TestWithParam<Policy> {};

TEST_P(SinkholeTest, FailingFastAttractsNobody) {
  Scenario scenario = UnevenFleet(GetParam(), 20, 0.5, false);
  scenario.faults = {{Fault::Kind::kFailFast, 7, 1}};
  EXPECT_LE(Simulate(scenario).shares_late[7], 0.005);
}

INSTANTIATE_TEST_SUITE_P(Policies, SinkholeTest, testing::Values(kLeastRequest, kPeakEwma, kPrequal, kAdaptiveLocal, kAdaptiveOverlay, kAdaptive),
                         [](const auto& instance) { return std::string(kSinkholeNames.at(instance.index)); });

TEST(Sim, BreakersTakeASickBackendOutOfRoundRobin) {
  for (const Fault::Kind kind : {Fault::Kind::kFailFast, Fault::Kind::kRefuse, Fault::Kind::kErrors, Fault::Kind::kHang}) {
    Scenario scenario = UnevenFleet(kRoundRobin, 20, 0.5, false);
    scenario.breaker = Mode::kEvidence;
    scenario.faults = {{kind, 7, 1, 1e9, 0.5}};
    EXPECT_LE(Simulate(scenario).shares_late[7], 0.006) << static_cast<int>(kind);
  }
}

TEST(Sim, SharedCauseTurnsNobodyOff) {
  Scenario scenario = UnevenFleet(kLeastRequest, 20, 0.5, false);
  scenario.breaker = Mode::kEvidence;
  scenario.faults = {{Fault::Kind::kErrors, 0, 1, 1e9, 0.6, true}};
  const Outcome outcome = Simulate(scenario);
  for (const double share : outcome.shares_late) EXPECT_GT(share, 0.01);
}

TEST(Sim, TheFleetsRequestsInFlightHelpWhereOwnOnesSayLittle) {
  EXPECT_LE(Uneven(kAdaptiveOverlay, 400).p99, 0.85 * Uneven(kAdaptiveLocal, 400).p99);
  EXPECT_LE(Uneven(kAdaptiveOverlay, 20).p99, 1.15 * Uneven(kAdaptiveLocal, 20).p99);
}

TEST(Sim, WithoutReportsAdaptiveIsFarBeforePeakEwmaOnAnUnevenFleet) {
  for (const int agents : {20, 100}) {
    const double peak = Uneven(kPeakEwma, agents).p99;
    EXPECT_LE(Uneven(kAdaptiveOverlay, agents).p99, 0.6 * peak) << agents;
    EXPECT_LE(Uneven(kAdaptiveLocal, agents).p99, 0.6 * peak) << agents;
  }
  EXPECT_LE(Simulate(SlowerFleet(kAdaptiveOverlay, true)).p99, 0.6 * Simulate(SlowerFleet(kPeakEwma, true)).p99);
}

TEST(Laws, OursStaysEvenAndCalmHoweverLateReportsCome) {
  for (const int delay : {1, 5, 10}) {
    for (const double lost : {0.1, 0.3}) {
      const LawResult ours = RunLaw(Law::kFeedForward, delay, lost, 1);
      EXPECT_LE(ours.spread, 1.07) << delay;
      EXPECT_GE(ours.settled, 0) << delay;
      EXPECT_LE(ours.settled, 30) << delay;
      EXPECT_LE(ours.turns, 2) << delay;
    }
  }
}

TEST(Silence, TenMinutesWithoutAControllerFailNoRequestAndWeightsGoBackSlowly) {
  const SilenceResult soon = RunSilence(100, 1);
  EXPECT_EQ(soon.failed, 0U);
  EXPECT_FLOAT_EQ(static_cast<float>(soon.half), 0.5F) << "weights hold for three minutes";
  EXPECT_GT(soon.ejected_share, 0.05) << "a verdict ends with its time to live";
  const SilenceResult later = RunSilence(600, 1);
  EXPECT_EQ(later.failed, 0U);
  // 410 s of the ten minutes of the way back.
  EXPECT_NEAR(later.half, 1 - 0.5 * (1 - 410.0 / 600), 0.01);
  EXPECT_NEAR(later.twice, 1 + 1 - 410.0 / 600, 0.01);
}

TEST(Laws, AnIntegralSwingsWithTheDelay) {
  EXPECT_GE(RunLaw(Law::kStrongIntegral, 5, 0.1, 1).spread, 1.5);
  EXPECT_GE(RunLaw(Law::kNone, 1, 0.1, 1).spread, 1.4);
}

}  // namespace
}  // namespace switchyard::tests::sim
