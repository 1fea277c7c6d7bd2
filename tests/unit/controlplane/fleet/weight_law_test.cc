// Goal: effective weights follow capacity, whatever the delay; what is not known or mad moves nothing.
#include "controlplane/fleet/weight_law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/unit/controlplane/fleet/fleet_case.h"

namespace switchyard::controlplane::fleet {
namespace {

const FeedForward kRule;
const BoundedStep kController;

struct Upstreams {
  explicit Upstreams(std::size_t count) : states(count) {
    for (WeightState& state : states) all.push_back(&state);
  }
  // Each backend gets its share of `rate` by the weights in force, and works at `capacity`.
  void Step(const std::vector<double>& capacity, double rate) {
    now += std::chrono::seconds(1);
    double sum = 0;
    for (const WeightState& state : states) sum += state.told * state.configured;
    for (std::size_t i = 0; i < states.size(); ++i) {
      const double offered = rate * states[i].told * states[i].configured / sum;
      states[i].reading = LoadReading{std::min(offered, capacity[i]), std::min(1.0, offered / capacity[i]), 0};
    }
    StepWeights(all, kRule, kController, now);
  }
  double Spread(const std::vector<double>& capacity) const {
    double most = 0;
    double sum = 0;
    for (std::size_t i = 0; i < states.size(); ++i) {
      const double use = states[i].factor * states[i].configured / capacity[i];
      most = std::max(most, use);
      sum += use;
    }
    return most / (sum / static_cast<double>(states.size()));
  }
  TimePoint now{std::chrono::hours(1)};
  std::vector<WeightState> states;
  std::vector<WeightState*> all;
};

TEST(WeightLaw, EvensOutUseWhenThreeOfTenLoseHalf) {
  Upstreams fleet(10);
  std::vector<double> capacity(10, 100);
  for (int i = 0; i < 5; ++i) fleet.Step(capacity, 600);
  for (const WeightState& state : fleet.states) EXPECT_NEAR(state.factor, 1, 0.01);
  for (std::size_t i = 0; i < 3; ++i) capacity[i] = 50;
  EXPECT_GT(fleet.Spread(capacity), 1.4);
  for (int i = 0; i < 30; ++i) fleet.Step(capacity, 600);
  EXPECT_LT(fleet.Spread(capacity), 1.05);
}

TEST(WeightLaw, MovesAtMostAQuarterAPeriodAndStaysInBounds) {
  Upstreams fleet(3);
  double before = 1;
  for (int i = 0; i < 100; ++i) {
    fleet.Step({100, 100, 1e9}, 200);
    EXPECT_LE(fleet.states[2].factor, before * 1.2501);
    before = fleet.states[2].factor;
    EXPECT_LE(before, 10);
  }
}

TEST(WeightLaw, MadMeasurementsMoveNothing) {
  Upstreams fleet(3);
  for (int i = 0; i < 5; ++i) fleet.Step({100, 100, 100}, 200);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const LoadReading& mad : {LoadReading{nan, 0.5, 0}, LoadReading{10, nan, 0}, LoadReading{-1, 0.5, 0}, LoadReading{1e308 * 10, 0.5, 0}}) {
    fleet.now += std::chrono::seconds(1);
    for (WeightState& state : fleet.states) state.reading = LoadReading{66, 0.66, 0};
    fleet.states[1].reading = mad;
    StepWeights(fleet.all, kRule, kController, fleet.now);
    EXPECT_NEAR(fleet.states[1].factor, 1, 0.02);
    EXPECT_EQ(fleet.states[1].held, Held::kUnknownLoad);
  }
}

TEST(WeightLaw, SilenceHoldsForThirtySecondsThenGoesHome) {
  Upstreams fleet(3);
  for (int i = 0; i < 20; ++i) fleet.Step({100, 100, 50}, 150);
  const double held = fleet.states[2].factor;
  EXPECT_LT(held, 0.7);
  const auto silent = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      fleet.now += std::chrono::seconds(1);
      for (WeightState& state : fleet.states) state.reading.reset();
      StepWeights(fleet.all, kRule, kController, fleet.now);
    }
  };
  silent(29);
  EXPECT_EQ(fleet.states[2].factor, held);
  silent(10);
  EXPECT_EQ(fleet.states[2].factor, 1);
  EXPECT_EQ(fleet.states[2].told, 1);
}

TEST(WeightLaw, AnIdleFleetKeepsItsWeights) {
  Upstreams fleet(3);
  for (int i = 0; i < 60; ++i) fleet.Step({100, 100, 50}, 5);
  EXPECT_EQ(fleet.states[2].factor, 1);
  EXPECT_EQ(fleet.states[2].held, Held::kTooIdle);
}

TEST(WeightLaw, WeightZeroAndHugeWeightsAreHarmless) {
  Upstreams fleet(3);
  fleet.states[0].configured = 0;
  fleet.states[1].configured = 10'000;
  for (int i = 0; i < 30; ++i) fleet.Step({100, 1e6, 100}, 1e5);
  for (const WeightState& state : fleet.states) {
    EXPECT_TRUE(std::isfinite(state.factor));
    EXPECT_GE(state.factor, 0.1);
    EXPECT_LE(state.factor, 10);
  }
}

TEST(LoadSensor, GoesByWhatBackendsSayAndByTheirConcurrency) {
  FleetCase fleet(4, 4, 100);
  fleet.Run(3);
  EXPECT_EQ(fleet.At(0).weight.held, Held::kUnknownLoad);
  fleet.SetUpstream([](v1::Upstream& upstream) { upstream.mutable_fleet()->set_concurrency(8); });
  fleet.Run(10);
  // Each of four agents says one is in flight.
  EXPECT_NEAR(fleet.At(0).weight.reading->utilization, 0.5, 0.02);
  EXPECT_EQ(fleet.At(0).weight.held, Held::kNo);
  v1::Report report;
  v1::BackendReport& row = *report.add_backends();
  row.set_upstream("web");
  row.set_backend(FleetCase::AddressOf(0));
  row.mutable_load()->set_samples(5);
  row.mutable_load()->set_utilization(0.9);
  fleet.ledger.OnReport("agent-0", "i", report, fleet.now);
  fleet.Run(1);
  EXPECT_NEAR(fleet.At(0).weight.reading->utilization, 0.9, 0.01);
  row.mutable_load()->set_utilization(std::numeric_limits<double>::quiet_NaN());
  fleet.ledger.OnReport("agent-0", "i", report, fleet.now);
  EXPECT_EQ(fleet.ledger.counters().malformed, 1U);
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
