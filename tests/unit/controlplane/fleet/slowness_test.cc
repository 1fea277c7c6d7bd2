// Goal: the fleet ejects what is far slower than its peers, and nobody for a cause of all, of one agent, or of a moment; and says that it is slow.
// Method: simulated agents send evidence and latency histograms to the production ledger.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/controlplane/fleet/fleet_case.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr int kSlowOne = 3;

double Service(Random& random) { return -10 * std::log(1 - random.Unit()); }  // ms, exponential, mean 10

// Backend kSlowOne is `factor` times slower for everybody.
auto Slower(double factor) {
  return [factor](int, int b, Random& random) { return (b == kSlowOne ? factor : 1) * Service(random); };
}

struct PacedFleet : FleetCase {
  explicit PacedFleet(int agents = 20, int backends = 10, double rate = 250, std::uint64_t seed = 7) : FleetCase(agents, backends, rate, seed) {
    latency = Slower(1);
    error = [](int, int) { return 0.002; };
    Run(5);
  }
  std::uint64_t SlowEjections() const { return ledger.counters().slow_ejections; }
};

TEST(FleetSlowness, EjectsWhatIsTenTimesSlowerWithinSixSecondsAndSaysSo) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    PacedFleet fleet(20, 10, 250, seed);
    fleet.latency = Slower(10);
    const double delay = fleet.UntilEjected(kSlowOne, 20);
    EXPECT_GE(delay, 2) << "seed " << seed << ": a moment is no evidence";
    EXPECT_LE(delay, 6) << "seed " << seed;
    EXPECT_EQ(fleet.SlowEjections(), 1U) << "seed " << seed;
    EXPECT_EQ(fleet.Ejections(), 0U) << "seed " << seed;
    EXPECT_EQ(fleet.At(kSlowOne).word.verdict(), v1::VERDICT_EJECTED);
    EXPECT_EQ(fleet.At(kSlowOne).word.reason().substr(0, 5), "slow:") << fleet.At(kSlowOne).word.reason();
  }
}

TEST(FleetSlowness, FailuresAreStillCalledFailures) {
  PacedFleet fleet;
  fleet.error = [](int, int b) { return b == kSlowOne ? 0.5 : 0.0; };
  ASSERT_GE(fleet.UntilEjected(kSlowOne, 5), 0);
  EXPECT_EQ(fleet.At(kSlowOne).word.reason().substr(0, 10), "error_rate");
  EXPECT_EQ(fleet.SlowEjections(), 0U);
}

TEST(FleetSlowness, LeavesWhatIsTwiceAsSlowAlone) {
  PacedFleet fleet;
  fleet.latency = Slower(2);
  fleet.Run(30);
  EXPECT_EQ(fleet.SlowEjections(), 0U);
}

TEST(FleetSlowness, ADependencyOfAllThatIsSlowEjectsNobody) {
  for (const double rate : {25.0, 150.0}) {
    PacedFleet fleet(20, 10, rate);
    fleet.latency = [](int, int, Random& random) { return 10 * Service(random); };
    fleet.Run(25);
    EXPECT_EQ(fleet.SlowEjections(), 0U) << rate;
    fleet.latency = Slower(1);
    fleet.Run(15);
    EXPECT_EQ(fleet.SlowEjections(), 0U) << rate;
  }
}

TEST(FleetSlowness, APauseOfASecondEjectsNobody) {
  PacedFleet fleet;
  for (int i = 0; i < 3; ++i) {
    fleet.latency = [](int, int b, Random& random) { return b == kSlowOne ? 1000 + Service(random) : Service(random); };
    fleet.Run(1);
    fleet.latency = Slower(1);
    fleet.Run(10);
  }
  EXPECT_EQ(fleet.SlowEjections(), 0U);
}

TEST(FleetSlowness, AnAgentWithASlowPathOrALieEjectsNobody) {
  PacedFleet everywhere;
  everywhere.latency = [](int a, int, Random& random) { return (a == 4 ? 20 : 1) * Service(random); };
  everywhere.Run(15);
  EXPECT_EQ(everywhere.SlowEjections(), 0U);
  PacedFleet at_one;
  at_one.latency = [](int a, int b, Random& random) { return (a == 4 && b == kSlowOne ? 50 : 1) * Service(random); };
  at_one.Run(15);
  EXPECT_EQ(at_one.SlowEjections(), 0U);
}

TEST(FleetSlowness, ARackThatIsFarAwayEjectsNobody) {
  PacedFleet fleet;
  fleet.latency = [](int a, int, Random& random) { return (a < 4 ? 150 : 0) + Service(random); };
  fleet.Run(25);
  EXPECT_EQ(fleet.SlowEjections(), 0U);
}

TEST(FleetSlowness, BackendsOfAnotherPriorityAreNoPeers) {
  PacedFleet fleet;
  fleet.SetUpstream([](v1::Upstream& upstream) {
    for (int b = 6; b < 10; ++b) upstream.mutable_backends(b)->set_priority(1);
  });
  fleet.latency = [](int, int b, Random& random) { return (b >= 6 ? 300 : 0) + Service(random); };
  fleet.Run(25);
  EXPECT_EQ(fleet.SlowEjections(), 0U);
}

TEST(FleetSlowness, TheGuardKeepsHalfOfTheWeight) {
  PacedFleet fleet;
  fleet.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_outlier()->set_max_ejected_percent(20); });
  fleet.latency = [](int, int b, Random& random) { return (b < 4 ? 20 : 1) * Service(random); };
  for (int i = 0; i < 100 && fleet.Out() < 2; ++i) fleet.Beat();
  // Before the first of them is tried again.
  fleet.Run(0.5);
  EXPECT_EQ(fleet.Out(), 2);
  int guarded = 0;
  for (int b = 0; b < 4; ++b) guarded += fleet.At(b).word.verdict() == v1::VERDICT_SOFT && !fleet.At(b).slow->guard.empty() ? 1 : 0;
  EXPECT_EQ(guarded, 2);
}

TEST(FleetSlowness, ComesBackStepByStepWhenItIsFastAgain) {
  PacedFleet fleet;
  fleet.latency = Slower(20);
  ASSERT_GE(fleet.UntilEjected(kSlowOne, 10), 0);
  fleet.latency = Slower(1);
  bool trial = false;
  bool proof = false;
  for (int i = 0; i < 200 && fleet.At(kSlowOne).slow->machine.stage() != Stage::kGood; ++i) {
    fleet.Beat();
    trial = trial || fleet.At(kSlowOne).slow->machine.stage() == Stage::kTrial;
    proof = proof || fleet.At(kSlowOne).slow->machine.stage() == Stage::kProof;
  }
  EXPECT_TRUE(trial);
  EXPECT_TRUE(proof);
  EXPECT_EQ(fleet.At(kSlowOne).word.verdict(), v1::VERDICT_GOOD);
  EXPECT_EQ(fleet.At(kSlowOne).word.reason(), "");
}

TEST(FleetSlowness, StaysSlowIsTriedEverMoreSeldom) {
  PacedFleet fleet(20, 10, 50);
  fleet.latency = Slower(20);
  int trials = 0;
  int good = 0;
  Stage before = Stage::kGood;
  for (int beat = 0; beat < 3'000; ++beat) {
    fleet.Beat();
    const Stage stage = fleet.At(kSlowOne).slow == nullptr ? Stage::kGood : fleet.At(kSlowOne).slow->machine.stage();
    trials += stage == Stage::kTrial && before != Stage::kTrial ? 1 : 0;
    good += stage == Stage::kGood && before != Stage::kGood && before != Stage::kSoft ? 1 : 0;
    before = stage;
  }
  EXPECT_EQ(good, 0) << "it is ill all the time, and is never held to be good";
  EXPECT_GE(trials, 5);
  EXPECT_LE(trials, 40) << "in five minutes";
  EXPECT_LE(fleet.SlowEjections(), 12U);
}

TEST(FleetSlowness, SwitchedOffNobodyIsJudged) {
  for (const bool both : {false, true}) {
    PacedFleet fleet;
    fleet.SetUpstream([both](v1::Upstream& upstream) {
      if (both) {
        upstream.mutable_fleet()->set_verdicts(v1::FLEET_SWITCH_OFF);
      } else {
        upstream.mutable_fleet()->set_slow_verdicts(v1::FLEET_SWITCH_OFF);
      }
    });
    fleet.latency = Slower(20);
    fleet.Run(10);
    EXPECT_EQ(fleet.SlowEjections(), 0U);
  }
}

TEST(FleetSlowness, BadHistogramsAreCountedAndWhatIsSentTwiceCountsOnce) {
  PacedFleet fleet;
  const double before = fleet.At(0).slow->shape.answers();
  v1::Report report;
  report.set_sequence(1'000'000);
  v1::BackendReport& row = *report.add_backends();
  row.set_upstream("web");
  row.set_backend(FleetCase::AddressOf(0));
  row.mutable_latency()->set_scale(100);
  row.mutable_latency()->add_counts(5);
  fleet.ledger.OnReport("agent-0", "i", report, fleet.now);
  EXPECT_EQ(fleet.ledger.counters().malformed, 1U);
  EXPECT_EQ(fleet.At(0).slow->shape.answers(), before);
  row.mutable_latency()->set_scale(4);
  row.mutable_latency()->set_offset(std::numeric_limits<std::int32_t>::max());
  row.mutable_latency()->set_counts(0, std::numeric_limits<std::uint64_t>::max());
  fleet.ledger.OnReport("agent-0", "i", report, fleet.now);
  EXPECT_EQ(fleet.At(0).slow->shape.answers(), before) << "its number came before";
  report.set_sequence(1'000'001);
  fleet.ledger.OnReport("agent-0", "i", report, fleet.now);
  EXPECT_GT(fleet.At(0).slow->shape.answers(), before);
  EXPECT_LT(fleet.At(0).slow->shape.answers(), before + 1000) << "nobody weighs more than four others";
  fleet.Run(10);
  EXPECT_EQ(fleet.SlowEjections(), 0U);
}

TEST(LatencyShape, FoldsFinerAndCoarserHistograms) {
  v1::Histogram histogram;
  LatencyShape shape;
  for (const int scale : {6, 4, 2, 0}) {
    histogram.Clear();
    histogram.set_scale(scale);
    // The bucket of 10 ms.
    histogram.set_offset(static_cast<int>(std::log2(10'000.0) * std::pow(2, scale)));
    histogram.add_counts(10);
    ASSERT_TRUE(ForEachBucket(histogram, [&](int bucket, double count) { shape.Add(bucket, count); }));
    EXPECT_NEAR(LatencyShape::EndOf(shape.Quantile(0.9, 1)), 10'000, scale == 0 ? 2'500 : 2'000) << scale;
  }
  EXPECT_EQ(shape.Quantile(0.9, 100), LatencyShape::kUnknown);
  for (int i = 0; i < 200; ++i) shape.Fade();
  EXPECT_EQ(shape.answers(), 0);
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
