// Goal: the fleet tells a sick backend from a sick endpoint of it: the one is ejected as soon as where there is one route, the other ejects nobody, and
// neither hides the other; what agents say of routes is bounded. Method: simulated agents that tell routes apart as real ones do send evidence to the
// production ledger.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "tests/unit/controlplane/fleet/fleet_case.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr int kSickOne = 3;
const std::vector<double> kFour = {0.25, 0.25, 0.25, 0.25};

std::function<double(int, int)> OneEndpoint(double share) {
  return [share](int b, int route) { return b == kSickOne && route == 1 ? share : 0.0; };
}

// A fleet of four routes that has been well for a while.
struct RoutedFleet : FleetCase {
  explicit RoutedFleet(double background = 0.002, int agents = 20, double rate = 250, std::uint64_t seed = 7) : FleetCase(agents, 10, rate, seed) {
    routes = kFour;
    error = [background](int, int) { return background; };
    Run(3);
  }
  bool Plain(int b) { return At(b).machine.stage() == Stage::kGood; }
};

// Medians of many seeds, of seconds until a backend is ejected that begins to fail 30 % of everything.
double MedianDelay(const std::vector<double>& routes, bool own_routes) {
  std::vector<double> delays;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    FleetCase fleet(20, 10, 250, seed);
    fleet.routes = routes;
    fleet.own_routes = own_routes;
    fleet.Run(3);
    fleet.error = [](int, int b) { return b == kSickOne ? 0.3 : 0.0; };
    const double delay = fleet.UntilEjected(kSickOne, 30);
    EXPECT_GE(delay, 0) << "seed " << seed;
    EXPECT_EQ(fleet.Ejections(), 1U) << "seed " << seed;
    delays.push_back(delay);
  }
  std::sort(delays.begin(), delays.end());
  return delays[delays.size() / 2];
}

TEST(FleetRoutes, ABackendThatFailsEverybodyIsEjectedAsSoonAsWithOneRoute) {
  const double one = MedianDelay({}, false);
  const double four = MedianDelay(kFour, false);
  const double two = MedianDelay({0.5, 0.5}, false);
  const double many = MedianDelay(std::vector<double>(16, 1.0 / 16), false);
  RecordProperty("one_route", std::to_string(one));
  RecordProperty("two_routes", std::to_string(two));
  RecordProperty("four_routes", std::to_string(four));
  EXPECT_LT(four, one + 0.1);
  EXPECT_LT(two, one + 0.2);
  EXPECT_LT(many, one + 0.1);
}
TEST(FleetRoutes, SoItIsWhereNoTwoAgentsHaveARouteInCommon) { EXPECT_LT(MedianDelay(kFour, true), MedianDelay({}, false) + 0.1); }
TEST(FleetRoutes, AndSomewhatLaterWhereOneRouteIsMostOfTheTraffic) { EXPECT_LT(MedianDelay({0.8, 0.1, 0.1}, false), 1.0); }

TEST(FleetRoutes, OneSickEndpointEjectsNobody) {
  for (const double background : {0.0, 0.002, 0.01}) {
    for (const double share : {1.0, 0.5, 0.3, 0.1}) {
      RoutedFleet fleet(background);
      fleet.route_error = OneEndpoint(share);
      fleet.Run(30);
      EXPECT_EQ(fleet.Ejections(), 0U) << share << " beside " << background;
      EXPECT_TRUE(fleet.Plain(kSickOne)) << share << " beside " << background;
    }
  }
}

TEST(FleetRoutes, NorDoesOneThatIsMostOfTheTrafficOrFewKnowOf) {
  RoutedFleet most(0.002);
  most.routes = {0.1, 0.8, 0.1};
  most.route_error = OneEndpoint(1.0);
  most.Run(60);
  EXPECT_EQ(most.Ejections(), 0U);
  RoutedFleet few(0.002, /*agents=*/3, /*rate=*/60);
  few.route_error = OneEndpoint(1.0);
  few.Run(60);
  EXPECT_EQ(few.Ejections(), 0U);
}

TEST(FleetRoutes, TwoSickEndpointsAreASickBackend) {
  RoutedFleet fleet;
  fleet.route_error = [](int b, int route) { return b == kSickOne && route < 2 ? 0.6 : 0.0; };
  EXPECT_GE(fleet.UntilEjected(kSickOne, 1), 0);
}

TEST(FleetRoutes, ASickEndpointDoesNotHideThatItsBackendFallsIll) {
  RoutedFleet fleet;
  fleet.route_error = OneEndpoint(1.0);
  fleet.Run(30);
  fleet.route_error = [](int b, int route) { return b == kSickOne ? (route == 1 ? 1.0 : 0.3) : 0.0; };
  const double delay = fleet.UntilEjected(kSickOne, 5);
  EXPECT_GE(delay, 0);
  EXPECT_LT(delay, 1);
  EXPECT_EQ(fleet.Ejections(), 1U);
}

TEST(FleetRoutes, ARouteThatFailsEverywhereIsNobodysFaultAndHidesNothing) {
  for (const double share : {1.0, 0.5, 0.2}) {
    RoutedFleet fleet;
    const auto everywhere = [share](int, int route) { return route == 1 ? share : 0.0; };
    fleet.route_error = everywhere;
    fleet.Run(30);
    EXPECT_EQ(fleet.Ejections(), 0U) << share;
    EXPECT_LT(fleet.ledger.upstreams().at("web")->usual_error, 0.05) << share;
    for (const auto& [node, agent] : fleet.ledger.agents()) EXPECT_FALSE(fleet.ledger.AtFault(*agent, fleet.now)) << node;
    fleet.error = [](int, int b) { return b == kSickOne ? 0.3 : 0.002; };
    const double delay = fleet.UntilEjected(kSickOne, 5);
    EXPECT_GE(delay, 0) << share;
    EXPECT_LT(delay, 1) << share;
  }
}

TEST(FleetRoutes, ACauseThatAllRoutesShareIsNobodysFault) {
  for (const double error : {1.0, 0.5, 0.2}) {
    for (const double rate : {25.0, 250.0, 1000.0}) {
      for (const bool own : {false, true}) {
        if (own && rate > 250) continue;
        FleetCase fleet(20, 10, rate);
        fleet.routes = kFour;
        fleet.own_routes = own;
        fleet.Run(2);
        fleet.error = [error](int, int) { return error; };
        fleet.Run(rate > 250 ? 4 : 12);
        EXPECT_EQ(fleet.Ejections(), 0U) << "errors " << error << " at " << rate << (own ? ", own routes" : "");
      }
    }
  }
}

TEST(FleetRoutes, InASharedCauseTheOneThatIsDeadIsStillFound) {
  RoutedFleet fleet;
  fleet.error = [](int, int) { return 0.15; };
  fleet.Run(15);
  fleet.error = [](int, int b) { return b == kSickOne ? 1.0 : 0.15; };
  EXPECT_GE(fleet.UntilEjected(kSickOne, 3), 0);
  EXPECT_EQ(fleet.Ejections(), 1U);
}

TEST(FleetRoutes, ALiarBesideASickEndpointEjectsNobody) {
  for (const std::uint64_t route : {0U, 3U, 77U}) {
    RoutedFleet fleet;
    fleet.route_error = OneEndpoint(1.0);
    fleet.forge = [route](int a, v1::Evidence& evidence) {
      if (a != 4) return;
      v1::BackendEvidence& record = *evidence.mutable_backends(kSickOne);
      if (route == 0) {
        record.set_failed(1'000'000'000);
      } else {
        v1::RouteEvidence& told = *record.add_routes();
        told.set_route(route);
        told.set_unanswered(1'000'000'000);
      }
    };
    fleet.Run(60);
    EXPECT_EQ(fleet.Ejections(), 0U) << route;
  }
}

TEST(FleetRoutes, OneAgentWhoseRoutesAllFailEjectsNobody) {
  RoutedFleet fleet;
  fleet.error = [](int a, int b) { return a == 7 && b == kSickOne ? 1.0 : 0.002; };
  fleet.Run(30);
  EXPECT_EQ(fleet.Ejections(), 0U);
}

TEST(FleetRoutes, WhatIsNotToldByRouteIsTheBackends) {
  RoutedFleet fleet;
  fleet.unanswered = true;
  fleet.error = [](int, int b) { return b == kSickOne ? 0.5 : 0.0; };
  const double delay = fleet.UntilEjected(kSickOne, 5);
  EXPECT_GE(delay, 0);
  EXPECT_LT(delay, 0.3);
}

TEST(FleetRoutes, ABackendComesBackThoughOneEndpointStaysSick) {
  RoutedFleet fleet;
  fleet.error = [](int, int b) { return b == kSickOne ? 1.0 : 0.0; };
  ASSERT_GE(fleet.UntilEjected(kSickOne, 5), 0);
  fleet.error = [](int, int) { return 0.0; };
  fleet.route_error = OneEndpoint(1.0);
  fleet.Run(25);
  EXPECT_TRUE(fleet.Plain(kSickOne));
  fleet.Run(30);
  EXPECT_TRUE(fleet.Plain(kSickOne));
  EXPECT_EQ(fleet.Ejections(), 1U);
}

TEST(FleetRoutes, AFloodOfRoutesIsBounded) {
  RoutedFleet fleet;
  std::uint64_t next = 1'000;
  fleet.forge = [&next](int a, v1::Evidence& evidence) {
    if (a != 4) return;
    for (int i = 0; i < 40; ++i) {
      v1::RouteEvidence& told = *evidence.mutable_backends(kSickOne)->add_routes();
      told.set_route(++next);
      told.set_failed(1);
    }
  };
  const std::uint64_t before = fleet.ledger.counters().malformed;
  fleet.Run(20);
  EXPECT_EQ(fleet.Ejections(), 0U);
  EXPECT_GT(fleet.ledger.counters().malformed, before);
  ASSERT_NE(fleet.At(kSickOne).routes, nullptr);
  EXPECT_LE(fleet.At(kSickOne).routes->all().size(), RouteViews::kMost);
  EXPECT_LE(fleet.At(kSickOne).suspicion.routes().size(), Suspicion::kMostRoutes);
  // Nothing is kept of it when it is over.
  fleet.forge = [](int, v1::Evidence&) {};
  fleet.error = [](int, int) { return 0.0; };
  fleet.Run(40);
  EXPECT_EQ(fleet.At(kSickOne).routes, nullptr);
}

TEST(FleetRoutes, ARouteWithoutAnIdIsMalformedAndCountsAsTheBackends) {
  RoutedFleet fleet(/*background=*/0);
  const double before = fleet.At(0).lately.attempts(fleet.now);
  v1::Evidence evidence = fleet.EvidenceOf(0);
  evidence.mutable_backends(0)->add_routes()->set_failed(5);
  fleet.ledger.OnEvidence("agent-0", "i", evidence, fleet.now);
  EXPECT_EQ(fleet.ledger.counters().malformed, 1U);
  EXPECT_GE(fleet.At(0).lately.attempts(fleet.now), before + 5);
  EXPECT_EQ(fleet.At(0).routes, nullptr);
}

// ---- slowness

struct SlowFleet : FleetCase {
  SlowFleet() : FleetCase(20, 10, 100) {
    routes = kFour;
    latency = [](int, int, Random& random) { return -10 * std::log(1 - random.Unit()); };
    Run(12);
  }
  std::uint64_t SlowEjections() const { return ledger.counters().slow_ejections; }
};

TEST(SlowRoutes, OneSlowEndpointEjectsNobody) {
  SlowFleet fleet;
  fleet.routes = {0.4, 0.6};
  fleet.route_adds = [](int b, int route) { return b == kSickOne && route == 1 ? 300.0 : 0.0; };
  fleet.Run(40);
  EXPECT_EQ(fleet.SlowEjections(), 0U);
  EXPECT_LT(fleet.At(kSickOne).slow->suspicion.robust(), 4.6);
}

TEST(SlowRoutes, ASlowBackendIsEjectedWithFourRoutesToo) {
  SlowFleet fleet;
  fleet.latency = [](int, int b, Random& random) { return (b == kSickOne ? -200 : -10) * std::log(1 - random.Unit()); };
  const double delay = fleet.UntilEjected(kSickOne, 30);
  EXPECT_GE(delay, 0);
  EXPECT_LE(delay, 8);
  EXPECT_EQ(fleet.SlowEjections(), 1U);
}

// Rare at most backends, nearly all that one of them does: as a balancer by hash may have it.
TEST(SlowRoutes, ARouteThatIsSlowByNatureBlamesNobodyWhereverItIsAsked) {
  SlowFleet fleet;
  fleet.routes = {0.94, 0.06};
  fleet.route_adds = [](int, int route) { return route == 1 ? 400.0 : 0.0; };
  fleet.Run(15);
  EXPECT_FALSE(fleet.ledger.upstreams().at("web")->natures.empty());
  fleet.routes_at = [](int b) { return b == kSickOne ? std::vector<double>{0.2, 0.8} : std::vector<double>{0.94, 0.06}; };
  fleet.Run(30);
  EXPECT_EQ(fleet.SlowEjections(), 0U);
  // The same answers, not told by route, would do.
  SlowFleet blind;
  blind.routes = {0.94, 0.06};
  blind.slow_from = 1e9;
  blind.route_adds = fleet.route_adds;
  blind.Run(15);
  blind.routes_at = fleet.routes_at;
  blind.Run(30);
  EXPECT_GT(blind.SlowEjections(), 0U);
}

TEST(SlowRoutes, LatenciesOfRoutesThatAreMoreThanTheBackendsAreCutAndMalformedOnesCounted) {
  SlowFleet fleet;
  v1::Report report;
  report.set_sequence(1'000'000);
  v1::BackendReport& row = *report.add_backends();
  row.set_upstream("web");
  row.set_backend(FleetCase::AddressOf(kSickOne));
  row.mutable_latency()->set_scale(2);
  row.mutable_latency()->set_offset(40);
  row.mutable_latency()->add_counts(10);
  v1::RouteLatency& much = *row.add_routes();
  much.set_route(5);  // of none of the fleet
  *much.mutable_latency() = row.latency();
  much.mutable_latency()->set_counts(0, 1'000'000);
  row.add_routes()->mutable_latency()->set_scale(99);
  const double before = fleet.At(kSickOne).slow->shape.answers();
  fleet.ledger.OnReport("agent-2", "i", report, fleet.now);
  EXPECT_EQ(fleet.ledger.counters().malformed, 1U);
  EXPECT_NEAR(fleet.At(kSickOne).slow->shape.answers(), before + 10, 1e-3);
  ASSERT_NE(fleet.At(kSickOne).routes, nullptr);
  const auto& views = fleet.At(kSickOne).routes->all();
  const auto view = std::find_if(views.begin(), views.end(), [](const RouteView& one) { return one.route == 5; });
  ASSERT_NE(view, views.end());
  EXPECT_NEAR(view->slow.attempts(fleet.now), 10, 1e-3);
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
