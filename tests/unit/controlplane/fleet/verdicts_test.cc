// Goal: the fleet ejects what is sick, soon, and nobody else; and bad evidence does no harm.
// Method: simulated agents send evidence to the production ledger.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/unit/controlplane/fleet/fleet_case.h"

namespace switchyard::controlplane::fleet {
namespace {

double MedianDelay(int agents, double rate, double error, bool unanswered, int seeds = 9) {
  std::vector<double> delays;
  for (int seed = 1; seed <= seeds; ++seed) {
    FleetCase fleet(agents, 10, rate, static_cast<std::uint64_t>(seed));
    fleet.Run(3);
    fleet.unanswered = unanswered;
    fleet.error = [error](int, int b) { return b == 3 ? error : 0.0; };
    const double delay = fleet.UntilEjected(3, 30);
    EXPECT_GE(delay, 0) << "seed " << seed;
    EXPECT_EQ(fleet.Ejections(), 1U) << "seed " << seed;
    delays.push_back(delay);
  }
  std::sort(delays.begin(), delays.end());
  return delays[delays.size() / 2];
}

TEST(FleetVerdict, EjectsWhatFailsThirtyPercentWithinAThirdOfASecond) { EXPECT_LT(MedianDelay(20, 250, 0.3, false), 0.33); }
TEST(FleetVerdict, EjectsWhatRefusesWithinATenthOfASecond) { EXPECT_LT(MedianDelay(20, 250, 1, true), 0.12); }
TEST(FleetVerdict, EjectsAtLittleTrafficToo) { EXPECT_LT(MedianDelay(20, 25, 0.5, false), 2); }

TEST(FleetVerdict, LeavesAHealthyFleetAlone) {
  FleetCase fleet(20, 10, 250);
  fleet.error = [](int, int) { return 0.01; };
  fleet.Run(120);
  EXPECT_EQ(fleet.Ejections(), 0U);
}

TEST(FleetVerdict, OneAgentsFloodOfFailuresDoesNotHideWhatTheOthersSee) {
  FleetCase fleet(4, 4, 100);
  fleet.Run(2);
  int floods = 3;
  fleet.forge = [&floods](int a, v1::Evidence& evidence) {
    if (a == 0 && floods-- > 0) evidence.mutable_backends(3)->set_failed(40);
  };
  fleet.Run(0.3);
  EXPECT_EQ(fleet.Ejections(), 0U) << "it is the word of one";
  fleet.error = [](int a, int b) { return a > 0 && b == 3 ? 1.0 : 0.0; };
  EXPECT_GE(fleet.UntilEjected(3, 3), 0);
}

TEST(FleetVerdict, ASharedCauseIsNobodysFault) {
  for (const double error : {1.0, 0.5, 0.2}) {
    for (const double rate : {25.0, 250.0, 1500.0}) {
      FleetCase fleet(20, 10, rate);
      fleet.Run(2);
      fleet.error = [error](int, int) { return error; };
      fleet.Run(rate > 1000 ? 4 : 15);
      EXPECT_EQ(fleet.Ejections(), 0U) << "errors " << error << " at " << rate;
    }
  }
}

TEST(FleetVerdict, OneLyingAgentEjectsNobody) {
  FleetCase fleet(20, 10, 250);
  fleet.error = [](int, int) { return 0.002; };
  fleet.Run(2);
  fleet.forge = [](int a, v1::Evidence& evidence) {
    if (a != 4) return;
    for (v1::BackendEvidence& record : *evidence.mutable_backends()) {
      if (record.id() == 1) record.set_unanswered(1'000'000'000);
    }
  };
  fleet.Run(60);
  EXPECT_EQ(fleet.Ejections(), 0U);
  EXPECT_LT(fleet.At(0).suspicion.robust(), 4.6);
}

TEST(FleetVerdict, OneAgentWithADeadUplinkEjectsNobodyAndIsKnownToBeAtFault) {
  FleetCase fleet(20, 10, 250);
  fleet.Run(2);
  fleet.unanswered = true;
  fleet.error = [](int a, int) { return a == 7 ? 1.0 : 0.001; };
  fleet.Run(20);
  EXPECT_EQ(fleet.Ejections(), 0U);
  EXPECT_TRUE(fleet.ledger.AtFault(*fleet.ledger.agents().at("agent-7"), fleet.now));
  EXPECT_FALSE(fleet.ledger.AtFault(*fleet.ledger.agents().at("agent-8"), fleet.now));
}

TEST(FleetVerdict, ARackWithoutUplinkEjectsNobody) {
  FleetCase fleet(20, 10, 250);
  fleet.Run(2);
  fleet.unanswered = true;
  fleet.error = [](int a, int) { return a < 5 ? 1.0 : 0.001; };
  fleet.Run(20);
  EXPECT_EQ(fleet.Ejections(), 0U);
}

TEST(FleetVerdict, ASickPathOfOneAgentIsNoVerdict) {
  FleetCase fleet(20, 10, 250);
  fleet.Run(2);
  fleet.error = [](int a, int b) { return a == 7 && b == 2 ? 1.0 : 0.0; };
  fleet.Run(20);
  EXPECT_EQ(fleet.Ejections(), 0U);
}

TEST(FleetVerdict, FindsFourSickOfTen) {
  FleetCase fleet(20, 10, 250);
  fleet.Run(2);
  fleet.error = [](int, int b) { return b < 4 ? 0.5 : 0.0; };
  fleet.Run(0.9);  // before the first of them is tried again
  EXPECT_EQ(fleet.Out(), 4);
}

TEST(FleetVerdict, TheGuardKeepsHalfOfTheWeight) {
  FleetCase fleet(20, 10, 250);
  fleet.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_outlier()->set_max_ejected_percent(20); });
  fleet.Run(2);
  fleet.error = [](int, int b) { return b < 4 ? 0.5 : 0.0; };
  fleet.Run(0.9);
  EXPECT_EQ(fleet.Out(), 2);
  int guarded = 0;
  for (int b = 0; b < 4; ++b) guarded += fleet.At(b).machine.stage() == Stage::kSoft && !fleet.At(b).guard.empty() ? 1 : 0;
  EXPECT_EQ(guarded, 2);
  // Those that are tried keep their places: there are never more out at once, however often they are.
  for (int i = 0; i < 600; ++i) {
    fleet.Beat();
    ASSERT_LE(fleet.Out(), 2);
  }
}

TEST(FleetVerdict, OneBackendAloneIsNeverEjected) {
  FleetCase fleet(20, 1, 250);
  fleet.Run(1);
  fleet.error = [](int, int) { return 1.0; };
  fleet.Run(10);
  EXPECT_EQ(fleet.Ejections(), 0U);
}

TEST(FleetVerdict, ComesBackByTrialsWhenMended) {
  FleetCase fleet(20, 10, 250);
  fleet.Run(2);
  fleet.error = [](int, int b) { return b == 3 ? 1.0 : 0.0; };
  ASSERT_GE(fleet.UntilEjected(3, 5), 0);
  fleet.error = [](int, int) { return 0.0; };
  fleet.Run(1.2);
  EXPECT_NE(fleet.At(3).machine.stage(), Stage::kEjected);
  fleet.Run(3);
  EXPECT_EQ(fleet.At(3).machine.stage(), Stage::kGood);
}

// Seconds from the end of what ailed backend 3 until it is good.
double UntilGood(FleetCase& fleet, double most) {
  fleet.error = [](int, int) { return 0.0; };
  const TimePoint mended = fleet.now;
  while (std::chrono::duration<double>(fleet.now - mended).count() < most) {
    fleet.Beat();
    if (fleet.At(3).machine.stage() == Stage::kGood) return std::chrono::duration<double>(fleet.now - mended).count();
  }
  return most;
}

TEST(FleetVerdict, IsGoodSoonAfterAFaultOfUpToTenHasEnded) {
  for (const double error : {0.3, 1.0}) {
    for (const double lasted : {0.5, 1.0, 4.0, 7.0, 10.0}) {
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        FleetCase fleet(8, 4, 250, seed);
        fleet.Run(2);
        fleet.error = [error](int, int b) { return b == 3 ? error : 0.0; };
        fleet.Run(lasted);
        EXPECT_LE(UntilGood(fleet, 30), 4.5) << error << " for " << lasted << " s, seed " << seed;
      }
    }
  }
}

TEST(FleetVerdict, WaitsNoLongerThanAnEighthOfALongIllness) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    FleetCase fleet(8, 4, 250, seed);
    fleet.Run(2);
    fleet.error = [](int, int b) { return b == 3 ? 0.5 : 0.0; };
    fleet.Run(60);
    EXPECT_LE(UntilGood(fleet, 60), 60 / 8.0 * 1.2 + 3.0) << seed;
  }
}

// A steady illness is one: it does not come back to good in between, and its trials are few.
TEST(FleetVerdict, SteadilySickBackendIsTriedEverMoreSeldom) {
  for (const double error : {0.4, 0.6}) {
    FleetCase fleet(8, 4, 250);
    fleet.Run(2);
    fleet.error = [error](int, int b) { return b == 3 ? error : 0.0; };
    fleet.Run(2);
    int trials = 0;
    int good = 0;
    Stage before = fleet.At(3).machine.stage();
    std::uint64_t failed = 0;
    fleet.forge = [&](int, v1::Evidence& evidence) { failed += evidence.backends(3).failed(); };
    for (int beat = 0; beat < 6'000; ++beat) {
      fleet.Beat();
      const Stage stage = fleet.At(3).machine.stage();
      trials += stage == Stage::kTrial && before != Stage::kTrial ? 1 : 0;
      good += stage == Stage::kGood && before != Stage::kGood ? 1 : 0;
      before = stage;
    }
    EXPECT_EQ(good, 0) << error;
    EXPECT_LE(trials, 45) << error << ": in ten minutes";
    EXPECT_LE(failed, 300U) << error << ": of the 150,000 requests that would have gone there";
    EXPECT_LE(fleet.Ejections(), 5U) << error;
  }
}

// Up and down every second, and probes see it: the ejections grow all the same.
TEST(FleetVerdict, ABackendThatDiesEachSecondIsNotBelievedForItsProbes) {
  FleetCase fleet(8, 4, 250);
  fleet.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_health_check()->mutable_tcp(); });
  fleet.At(3).probers = {"agent-0"};
  fleet.unanswered = true;
  fleet.Run(2);
  v1::HealthChange change;
  change.set_upstream("web");
  change.set_backend(FleetCase::AddressOf(3));
  const auto set = [&](bool up) {
    fleet.error = [up](int, int b) { return b == 3 && !up ? 1.0 : 0.0; };
    fleet.Run(0.4);
    change.set_health(up ? v1::HEALTH_HEALTHY : v1::HEALTH_UNHEALTHY);
    fleet.ledger.OnHealth("agent-0", change, fleet.now);
    fleet.Run(0.6);
  };
  for (int i = 0; i < 150; ++i) {
    set(false);
    set(true);
  }
  EXPECT_GE(fleet.Ejections(), 3U);
  EXPECT_LE(fleet.Ejections(), 9U) << "in five minutes";
  // The first time they are believed at once.
  FleetCase other(8, 4, 250);
  other.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_health_check()->mutable_tcp(); });
  other.At(3).probers = {"agent-0"};
  other.Run(2);
  other.unanswered = true;
  other.error = [](int, int b) { return b == 3 ? 1.0 : 0.0; };
  other.Run(0.4);
  change.set_health(v1::HEALTH_UNHEALTHY);
  other.ledger.OnHealth("agent-0", change, other.now);
  other.Run(0.2);
  other.error = [](int, int) { return 0.0; };
  change.set_health(v1::HEALTH_HEALTHY);
  other.ledger.OnHealth("agent-0", change, other.now);
  other.Run(0.2);
  EXPECT_EQ(other.At(3).machine.stage(), Stage::kProof);
  EXPECT_LE(UntilGood(other, 10), 1.5);
}

TEST(FleetVerdict, AFlappingBackendMovesSeldom) {
  FleetCase fleet(20, 10, 250);
  fleet.Run(2);
  fleet.error = [&fleet](int, int b) {
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(fleet.now.time_since_epoch()).count();
    return b == 3 && second % 2 == 0 ? 1.0 : 0.0;
  };
  fleet.Run(120);
  EXPECT_LE(fleet.Ejections(), 8U);
}

TEST(FleetVerdict, SwitchedOffNobodyIsJudged) {
  FleetCase fleet(20, 10, 250);
  fleet.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_fleet()->set_verdicts(v1::FLEET_SWITCH_OFF); });
  fleet.error = [](int, int b) { return b == 3 ? 1.0 : 0.0; };
  fleet.Run(10);
  EXPECT_EQ(fleet.Ejections(), 0U);
}

TEST(FleetVerdict, OperatorsGoOverTheEvidenceForATime) {
  FleetCase fleet(20, 10, 250);
  fleet.Run(1);
  OverrideState out{v1::OVERRIDE_OUT, fleet.Wall() + std::chrono::seconds(10), "disk swap"};
  EXPECT_EQ(fleet.ledger.SetOverride("", FleetCase::AddressOf(2), out), std::vector<std::string>{"web"});
  EXPECT_TRUE(fleet.ledger.SetOverride("", "10.9.9.9:80", out).empty());
  fleet.Beat();
  EXPECT_EQ(fleet.At(2).word.verdict(), v1::VERDICT_FORCED_OUT);
  EXPECT_EQ(fleet.At(2).word.reason(), "operator: disk swap");
  fleet.Run(10.2);
  EXPECT_EQ(fleet.At(2).word.verdict(), v1::VERDICT_GOOD);
}

TEST(FleetVerdict, WhatIsSentTwiceOrOutOfOrderCountsOnce) {
  FleetCase fleet(2, 2, 100);
  const v1::Evidence first = fleet.EvidenceOf(0);
  const v1::Evidence second = fleet.EvidenceOf(0);
  fleet.ledger.OnEvidence("agent-0", "i", first, fleet.now);
  fleet.ledger.OnEvidence("agent-0", "i", second, fleet.now);
  const double before = fleet.At(0).lately.attempts(fleet.now);
  fleet.ledger.OnEvidence("agent-0", "i", second, fleet.now);
  fleet.ledger.OnEvidence("agent-0", "i", first, fleet.now);
  EXPECT_EQ(fleet.At(0).lately.attempts(fleet.now), before);
  EXPECT_EQ(fleet.ledger.counters().duplicates, 2U);
  EXPECT_EQ(fleet.At(0).in_flight, 1);
}

TEST(FleetVerdict, NumbersOutOfNowhereAndStrangersAreIgnored) {
  FleetCase fleet(2, 2, 100);
  v1::Evidence evidence;
  evidence.set_sequence(1);
  evidence.set_fresh(true);
  evidence.add_backends()->set_id(5);
  v1::BackendEvidence& far = *evidence.add_backends();
  far.set_id(4'000'000'000U);
  far.set_upstream("web");
  far.set_backend(FleetCase::AddressOf(0));
  v1::BackendEvidence& stranger = *evidence.add_backends();
  stranger.set_id(1);
  stranger.set_upstream("nobody");
  stranger.set_backend("10.1.1.1:1");
  stranger.set_failed(100);
  fleet.ledger.OnEvidence("liar", "i", evidence, fleet.now);
  EXPECT_EQ(fleet.ledger.counters().malformed, 2U);
  EXPECT_EQ(fleet.ledger.upstreams().size(), 1U);
  EXPECT_EQ(fleet.ledger.upstreams().at("web")->backends.size(), 2U);
}

TEST(FleetVerdict, AClockThatJumpsBackDoesNoHarm) {
  FleetCase fleet(5, 5, 250);
  fleet.Run(5);
  fleet.now -= std::chrono::seconds(30);
  fleet.Run(5);
  fleet.now += std::chrono::hours(10);
  fleet.Run(5);
  EXPECT_EQ(fleet.Ejections(), 0U);
  EXPECT_GT(fleet.At(0).lately.attempts(fleet.now), 0);
}

TEST(FleetVerdict, AnAgentThatLeavesTakesItsRequestsInFlightAlong) {
  FleetCase fleet(4, 3, 100);
  fleet.Run(1);
  EXPECT_EQ(fleet.At(0).in_flight, 4);
  fleet.ledger.OnGone("agent-2");
  EXPECT_EQ(fleet.At(0).in_flight, 3);
  EXPECT_EQ(fleet.At(0).users.size(), 3U);
  fleet.ledger.Judge(fleet.now, fleet.Wall());
}

TEST(FleetVerdict, ABackendThatLeavesTheConfigurationIsForgotten) {
  FleetCase fleet(4, 3, 100);
  fleet.Run(1);
  fleet.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_backends()->RemoveLast(); });
  EXPECT_EQ(fleet.ledger.upstreams().at("web")->backends.size(), 2U);
  v1::Evidence late;
  late.set_sequence(1'000);
  late.add_backends()->set_id(3);
  late.mutable_backends(0)->set_failed(10);
  fleet.ledger.OnEvidence("agent-0", "i", late, fleet.now);
  fleet.ledger.Judge(fleet.now, fleet.Wall());
  EXPECT_EQ(fleet.ledger.counters().malformed, 0U);
}

TEST(FleetHealth, IsWhatMostProbersSayAndOnlyTheirs) {
  FleetCase fleet(5, 2, 100);
  fleet.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_health_check()->mutable_tcp(); });
  fleet.At(0).probers = {"agent-0", "agent-1", "agent-2"};
  v1::HealthChange bad;
  bad.set_upstream("web");
  bad.set_backend(FleetCase::AddressOf(0));
  bad.set_health(v1::HEALTH_UNHEALTHY);
  fleet.ledger.OnHealth("agent-0", bad, fleet.now);
  fleet.ledger.OnHealth("agent-3", bad, fleet.now);
  fleet.ledger.OnHealth("agent-4", bad, fleet.now);
  v1::HealthChange good = bad;
  good.set_health(v1::HEALTH_HEALTHY);
  fleet.ledger.OnHealth("agent-1", good, fleet.now);
  fleet.ledger.Judge(fleet.now, fleet.Wall());
  EXPECT_EQ(fleet.At(0).word.health(), v1::HEALTH_HEALTHY);
  fleet.ledger.OnHealth("agent-2", bad, fleet.now);
  fleet.ledger.Judge(fleet.now, fleet.Wall());
  EXPECT_EQ(fleet.At(0).word.health(), v1::HEALTH_UNHEALTHY);
  fleet.now += std::chrono::seconds(11);
  fleet.ledger.Judge(fleet.now, fleet.Wall());
  EXPECT_EQ(fleet.At(0).word.health(), v1::HEALTH_UNSPECIFIED);
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
