// Goal: each honest report counts exactly once, in its second, and nothing an agent sends can grow memory or break figures.
// Method: a manual clock and hand-made reports.
#include "controlplane/feedback/aggregator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "common/base/random.h"

namespace switchyard::controlplane::feedback {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

v1::Report MakeReport(std::uint64_t sequence, std::uint64_t succeeded, const std::string& backend = "10.0.0.1:80") {
  v1::Report report;
  report.set_sequence(sequence);
  report.mutable_length()->set_seconds(1);
  report.mutable_end()->set_seconds(1'767'225'600);
  auto* row = report.add_backends();
  row->set_upstream("checkout");
  row->set_backend(backend);
  row->set_succeeded(succeeded);
  return report;
}

// Bucket of `value_us` holds `count`.
void SetLatency(v1::BackendReport& row, std::uint64_t value_us, std::uint64_t count) {
  auto* latency = row.mutable_latency();
  latency->set_scale(stats::ExponentialHistogram::kScale);
  latency->set_offset(stats::ExponentialHistogram::BucketOf(value_us));
  latency->add_counts(count);
  latency->set_sum(value_us * count);
}

class AggregatorTest : public testing::Test {
 protected:
  double Rate(Duration window = seconds(10)) {
    const auto top = aggregator_.Top("", window);
    return top.rows_size() == 0 ? -1 : top.rows(0).rate();
  }

  ManualClock clock_;
  Aggregator aggregator_{&clock_};
};

TEST_F(AggregatorTest, RateIsAttemptsPerWholeSecond) {
  for (std::uint64_t i = 1; i <= 10; ++i) {
    aggregator_.OnReport("a", "i1", MakeReport(i, 100));
    clock_.Advance(seconds(1));
  }
  EXPECT_DOUBLE_EQ(Rate(), 100.0);
}

TEST_F(AggregatorTest, SecondsBeforeTheFirstReportDoNotDiluteTheRate) {
  clock_.Advance(seconds(30));
  aggregator_.OnReport("a", "i1", MakeReport(1, 50));
  clock_.Advance(seconds(1));
  EXPECT_DOUBLE_EQ(Rate(), 50.0);
}

TEST_F(AggregatorTest, AddsUpstreamRowBeforeItsBackends) {
  aggregator_.OnReport("a", "i1", MakeReport(1, 30, "10.0.0.1:80"));
  aggregator_.OnReport("b", "i2", MakeReport(1, 10, "10.0.0.2:80"));
  clock_.Advance(seconds(1));
  const auto top = aggregator_.Top("", seconds(1));
  ASSERT_EQ(top.rows_size(), 3);
  EXPECT_EQ(top.rows(0).backend(), "");
  EXPECT_DOUBLE_EQ(top.rows(0).rate(), 40.0);
  EXPECT_EQ(top.rows(1).backend(), "10.0.0.1:80");
  EXPECT_EQ(top.rows(2).backend(), "10.0.0.2:80");
  EXPECT_EQ(top.agents(), 2u);
}

TEST_F(AggregatorTest, MergesLatencyOfAllAgents) {
  auto fast = MakeReport(1, 99);
  SetLatency(*fast.mutable_backends(0), 1'000, 99);
  auto slow = MakeReport(1, 1);
  SetLatency(*slow.mutable_backends(0), 100'000, 1);
  aggregator_.OnReport("a", "i1", fast);
  aggregator_.OnReport("b", "i2", slow);
  clock_.Advance(seconds(1));
  const auto top = aggregator_.Top("checkout", seconds(1));
  EXPECT_NEAR(top.rows(1).p50_ms(), 1.0, 0.05);
  EXPECT_NEAR(top.rows(1).p99_ms(), 1.0, 0.05);
}

TEST_F(AggregatorTest, CountsFailuresAgainstSuccess) {
  auto report = MakeReport(1, 8);
  report.mutable_backends(0)->set_server_errors(1);
  auto* failure = report.mutable_backends(0)->add_failures();
  failure->set_cause(v1::CAUSE_CONNECT_FAILED);
  failure->set_count(1);
  aggregator_.OnReport("a", "i1", report);
  clock_.Advance(seconds(1));
  const auto top = aggregator_.Top("", seconds(1));
  EXPECT_DOUBLE_EQ(top.rows(0).success(), 0.8);
  ASSERT_EQ(top.rows(0).failures_size(), 1);
  EXPECT_EQ(top.rows(0).failures(0).cause(), v1::CAUSE_CONNECT_FAILED);
}

TEST_F(AggregatorTest, ForgetsWhatIsOlderThanItsWindow) {
  aggregator_.OnReport("a", "i1", MakeReport(1, 100));
  clock_.Advance(seconds(61));
  EXPECT_EQ(Rate(seconds(60)), -1);
}

TEST_F(AggregatorTest, CountsASequenceOnceAndNeverAnOlderOne) {
  aggregator_.OnReport("a", "i1", MakeReport(5, 10));
  aggregator_.OnReport("a", "i1", MakeReport(5, 10));
  aggregator_.OnReport("a", "i1", MakeReport(4, 10));
  clock_.Advance(seconds(1));
  EXPECT_DOUBLE_EQ(Rate(seconds(1)), 10.0);
  EXPECT_EQ(aggregator_.counters().duplicates, 2u);
}

TEST_F(AggregatorTest, CountsASequenceOnceAlsoAcrossAReconnect) {
  aggregator_.OnReport("a", "i1", MakeReport(5, 10));
  aggregator_.OnGone("a");
  aggregator_.OnReport("a", "i1", MakeReport(5, 10));
  EXPECT_EQ(aggregator_.counters().duplicates, 1u);
}

TEST_F(AggregatorTest, StartsAnewWithANewAgentProcess) {
  aggregator_.OnReport("a", "i1", MakeReport(500, 10));
  aggregator_.OnReport("a", "i2", MakeReport(1, 10));
  EXPECT_EQ(aggregator_.counters().accepted, 2u);
}

TEST_F(AggregatorTest, CountsAReportFromTheFutureInTheSecondOfItsArrival) {
  auto report = MakeReport(1, 10);
  report.mutable_end()->set_seconds(std::numeric_limits<std::int64_t>::max());
  aggregator_.OnReport("a", "i1", report);
  clock_.Advance(seconds(1));
  EXPECT_DOUBLE_EQ(Rate(seconds(1)), 10.0);
  EXPECT_EQ(aggregator_.counters().skewed, 1u);
}

TEST_F(AggregatorTest, GaugesAreThoseOfTheNewestReport) {
  auto report = MakeReport(1, 10);
  report.mutable_backends(0)->set_in_flight(7);
  report.mutable_backends(0)->set_health(v1::HEALTH_HEALTHY);
  aggregator_.OnReport("a", "i1", report);
  report.set_sequence(2);
  report.mutable_backends(0)->set_in_flight(3);
  aggregator_.OnReport("a", "i1", report);
  auto top = aggregator_.Top("", seconds(1));
  EXPECT_EQ(top.rows(1).in_flight(), 3u);
  EXPECT_EQ(top.rows(1).healthy(), 1u);
  aggregator_.OnGone("a");
  EXPECT_EQ(aggregator_.Top("", seconds(60)).rows(1).in_flight(), 0u);
}

TEST_F(AggregatorTest, LeavesOutGaugesOfASilentAgent) {
  auto report = MakeReport(1, 10);
  report.mutable_backends(0)->set_in_flight(7);
  aggregator_.OnReport("a", "i1", report);
  clock_.Advance(seconds(11));
  EXPECT_EQ(aggregator_.Top("", seconds(60)).rows(0).in_flight(), 0u);
}

TEST_F(AggregatorTest, TakesAnUrgentHealthChangeAtOnce) {
  auto report = MakeReport(1, 10);
  report.mutable_backends(0)->set_health(v1::HEALTH_HEALTHY);
  aggregator_.OnReport("a", "i1", report);
  v1::Event event;
  event.mutable_health_change()->set_upstream("checkout");
  event.mutable_health_change()->set_backend("10.0.0.1:80");
  event.mutable_health_change()->set_health(v1::HEALTH_UNHEALTHY);
  aggregator_.OnEvent("a", "i1", event);
  EXPECT_EQ(aggregator_.Top("", seconds(1)).rows(1).unhealthy(), 1u);
}

// Sums are kept as gauges come and go; here they are counted anew after each of many random steps.
TEST_F(AggregatorTest, SumsOfGaugesAreThoseOfTheAgentsThatAreThere) {
  constexpr std::uint64_t kSeed = 20261121;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  Random random(kSeed);
  struct Known {
    std::uint32_t in_flight = 0;
    v1::Health health = v1::HEALTH_UNSPECIFIED;
    TimePoint reported{};
    bool there = false;
  };
  std::map<std::string, Known> agents;
  std::uint64_t sequence = 0;
  for (int step = 0; step < 2000; ++step) {
    const std::string node = fmt::format("agent-{}", random.Below(5));
    Known& known = agents[node];
    const auto health = static_cast<v1::Health>(random.Below(3));
    switch (random.Below(4)) {
      case 0: {
        known = {static_cast<std::uint32_t>(random.Below(10)), health, clock_.Now(), true};
        auto report = MakeReport(++sequence, 1);
        report.mutable_backends(0)->set_in_flight(known.in_flight);
        report.mutable_backends(0)->set_health(health);
        aggregator_.OnReport(node, "i", report);
        break;
      }
      case 1: {
        if (known.there) known.health = health;
        v1::Event event;
        event.mutable_health_change()->set_upstream("checkout");
        event.mutable_health_change()->set_backend("10.0.0.1:80");
        event.mutable_health_change()->set_health(health);
        aggregator_.OnEvent(node, "i", event);
        break;
      }
      case 2:
        known.there = false;
        aggregator_.OnGone(node);
        break;
      default:
        clock_.Advance(seconds(random.Below(5)));
    }
    Known sum;
    std::uint32_t healthy = 0, unhealthy = 0;
    for (const auto& [name, agent] : agents) {
      if (!agent.there || clock_.Now() - agent.reported > seconds(10)) continue;
      sum.in_flight += agent.in_flight;
      healthy += agent.health == v1::HEALTH_HEALTHY ? 1 : 0;
      unhealthy += agent.health == v1::HEALTH_UNHEALTHY ? 1 : 0;
    }
    const auto top = aggregator_.Top("", seconds(1));
    const v1::TopRow row = top.rows_size() > 1 ? top.rows(1) : v1::TopRow();
    ASSERT_EQ(row.in_flight(), sum.in_flight) << "step " << step;
    ASSERT_EQ(row.healthy(), healthy) << "step " << step;
    ASSERT_EQ(row.unhealthy(), unhealthy) << "step " << step;
  }
}

TEST_F(AggregatorTest, DropsRowsThatNoHonestAgentSends) {
  auto report = MakeReport(1, 10);
  report.add_backends()->set_upstream(std::string(1000, 'x'));
  auto* huge = report.add_backends();
  huge->set_upstream("checkout");
  huge->set_backend("10.0.0.3:80");
  huge->set_succeeded(std::numeric_limits<std::uint64_t>::max());
  auto* broken = report.add_backends();
  broken->set_upstream("checkout");
  broken->set_backend("10.0.0.4:80");
  broken->mutable_latency()->set_scale(99);
  broken->mutable_latency()->add_counts(1);
  aggregator_.OnReport("a", "i1", report);
  EXPECT_EQ(aggregator_.counters().malformed, 3u);
  clock_.Advance(seconds(1));
  EXPECT_DOUBLE_EQ(Rate(seconds(1)), 10.0);
}

TEST_F(AggregatorTest, RefusesAReportOfImpossibleLength) {
  auto report = MakeReport(1, 10);
  report.mutable_length()->set_seconds(std::numeric_limits<std::int64_t>::max());
  aggregator_.OnReport("a", "i1", report);
  report.mutable_length()->set_seconds(0);
  aggregator_.OnReport("a", "i1", report);
  EXPECT_EQ(aggregator_.counters().malformed, 2u);
}

TEST(AggregatorBounds, DropsUnknownBackendsBeyondItsBoundUntilOldOnesAreIdle) {
  ManualClock clock;
  Aggregator aggregator(&clock, {.max_backends = 2});
  aggregator.OnReport("a", "i1", MakeReport(1, 1, "10.0.0.1:80"));
  aggregator.OnReport("a", "i1", MakeReport(2, 1, "10.0.0.2:80"));
  aggregator.OnReport("a", "i1", MakeReport(3, 1, "10.0.0.3:80"));
  EXPECT_EQ(aggregator.counters().dropped, 1u);
  clock.Advance(seconds(130));
  aggregator.OnReport("a", "i1", MakeReport(4, 1, "10.0.0.3:80"));
  EXPECT_EQ(aggregator.counters().dropped, 1u);
}

TEST(AggregatorBounds, KeepsCountsButNotLatencyBeyondItsHistogramBound) {
  ManualClock clock;
  Aggregator aggregator(&clock, {.max_histogram_buckets = 1});
  auto report = MakeReport(1, 10);
  SetLatency(*report.mutable_backends(0), 1'000, 10);
  aggregator.OnReport("a", "i1", report);
  report.set_sequence(2);
  aggregator.OnReport("a", "i1", report);
  clock.Advance(seconds(1));
  EXPECT_DOUBLE_EQ(aggregator.Top("", seconds(1)).rows(0).rate(), 20.0);
  EXPECT_EQ(aggregator.counters().dropped, 1u);
}

TEST(AggregatorBounds, ForgetsTheAgentSilentForLongest) {
  ManualClock clock;
  Aggregator aggregator(&clock, {.max_agents = 2});
  for (const char* node : {"a", "b", "c"}) {
    aggregator.OnReport(node, "i", MakeReport(1, 1));
    clock.Advance(milliseconds(1));
  }
  aggregator.OnReport("b", "i", MakeReport(1, 1));
  EXPECT_EQ(aggregator.counters().duplicates, 1u);
  aggregator.OnReport("a", "i", MakeReport(1, 1));
  EXPECT_EQ(aggregator.counters().duplicates, 1u);
}

}  // namespace
}  // namespace switchyard::controlplane::feedback
