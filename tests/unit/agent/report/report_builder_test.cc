// A window goes in, the wire message is read back field by field; the bound is reached with empty backends.
#include "agent/report/report_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::agent::report {
namespace {

const HealthFacts kNoProbes = [](const HealthVisitor&) {};

TEST(ReportBuilder, WritesEveryFigure) {
  Window window;
  BackendWindow& backend = window.backends["web"]["10.0.0.1:80"];
  backend.succeeded = 5;
  backend.server_errors = 2;
  backend.failures[CauseIndex(Cause::kConnectFailed)] = 3;
  backend.in_flight = 7;
  backend.connections = 9;
  backend.response_bytes = 1234;
  backend.latency.RecordN(1000, 7);
  ListenerWindow& listener = window.listeners["edge"];
  listener.by_class[4] = 1;
  listener.causes[CauseIndex(Cause::kNoRoute)] = 6;
  listener.duration.RecordN(50, 4);
  listener.open_connections = 11;
  ReportFacts facts;
  facts.sequence = 42;
  facts.end = WallTime(std::chrono::seconds(100) + std::chrono::nanoseconds(5));
  facts.length = std::chrono::milliseconds(1500);
  facts.resident_bytes = 99;

  const v1::Report report = BuildReport(window, facts, kNoProbes);
  EXPECT_EQ(report.sequence(), 42U);
  EXPECT_EQ(report.end().seconds(), 100);
  EXPECT_EQ(report.end().nanos(), 5);
  EXPECT_EQ(report.length().seconds(), 1);
  EXPECT_EQ(report.length().nanos(), 500'000'000);
  EXPECT_EQ(report.resident_bytes(), 99U);
  EXPECT_EQ(report.open_connections(), 11U);
  ASSERT_EQ(report.backends_size(), 1);
  const v1::BackendReport& row = report.backends(0);
  EXPECT_EQ(row.upstream(), "web");
  EXPECT_EQ(row.backend(), "10.0.0.1:80");
  EXPECT_EQ(row.succeeded(), 5U);
  EXPECT_EQ(row.server_errors(), 2U);
  ASSERT_EQ(row.failures_size(), 1);
  EXPECT_EQ(row.failures(0).cause(), v1::CAUSE_CONNECT_FAILED);
  EXPECT_EQ(row.failures(0).count(), 3U);
  EXPECT_EQ(row.in_flight(), 7U);
  EXPECT_EQ(row.connections(), 9U);
  EXPECT_EQ(row.response_bytes(), 1234U);
  EXPECT_EQ(row.health(), v1::HEALTH_UNSPECIFIED);
  ASSERT_EQ(report.listeners_size(), 1);
  EXPECT_EQ(report.listeners(0).by_class(4), 1U);
  EXPECT_EQ(report.listeners(0).causes(0).cause(), v1::CAUSE_NO_ROUTE);
}

TEST(ReportBuilder, TellsBreakersThatAreNotClosedAndCountsTheRest) {
  Window window;
  window.backends["web"]["well"].breakers = {2, 0, 0, 0};
  BackendWindow& sick = window.backends["web"]["sick"];
  sick.breakers = {0, 1, 2, 3};
  sick.ejected = 4;
  sick.reason = "error_rate";
  sick.routes["buy"].breakers = {1, 0, 1, 0};
  sick.routes["buy"].reason = "consecutive_failures";
  v1::Report report = BuildReport(window, {}, kNoProbes);
  ASSERT_EQ(report.breakers_size(), 2);
  EXPECT_EQ(report.breakers(0).ShortDebugString(),
            "upstream: \"web\" backend: \"sick\" soft: 1 open: 2 half_open: 3 ejected: 4 reason: \"error_rate\"");
  EXPECT_EQ(report.breakers(1).ShortDebugString(),
            "upstream: \"web\" backend: \"sick\" route: \"buy\" open: 1 reason: \"consecutive_failures\"");
  EXPECT_EQ(report.dropped_breakers(), 0U);
  for (std::size_t i = 0; i < kMaxReportedBreakers; ++i) window.backends["web"]["b" + std::to_string(i)].breakers[1] = 1;
  report = BuildReport(window, {}, kNoProbes);
  EXPECT_EQ(report.breakers_size(), static_cast<int>(kMaxReportedBreakers));
  EXPECT_EQ(report.dropped_breakers(), 2U);
}

TEST(ReportBuilder, WritesHistogramsThatMergeBack) {
  Window window;
  stats::ExponentialHistogram& latency = window.backends["web"]["b"].latency;
  latency.RecordN(0, 2);
  latency.RecordN(1, 3);
  latency.RecordN(777, 4);
  latency.RecordN(1'000'000, 1);
  const v1::Report report = BuildReport(window, {}, kNoProbes);
  const v1::Histogram& wire = report.backends(0).latency();
  stats::ExponentialHistogram back;
  ASSERT_TRUE(back.MergeWire(wire.scale(), wire.offset(), wire.counts().data(), static_cast<std::size_t>(wire.counts_size()), wire.zero_count(),
                             wire.sum()));
  EXPECT_EQ(back.count(), 10U);
  EXPECT_EQ(back.zero_count(), 2U);
  EXPECT_EQ(back.sum(), latency.sum());
  EXPECT_EQ(back.Quantile(0.9), latency.Quantile(0.9));
}

TEST(ReportBuilder, TellsLatenciesOfRoutesWithTroubleUpToTheBound) {
  Window one;
  Window other;
  one.backends["web"]["10.0.0.1:80"].latency_of_routes[7].Record(std::chrono::milliseconds(5));
  other.backends["web"]["10.0.0.1:80"].latency_of_routes[7].Record(std::chrono::milliseconds(80));
  one.Merge(other);
  const v1::Report report = BuildReport(one, {}, kNoProbes);
  ASSERT_EQ(report.backends(0).routes_size(), 1);
  const v1::RouteLatency& told = report.backends(0).routes(0);
  EXPECT_EQ(told.route(), 7U);
  EXPECT_EQ(told.latency().scale(), 2);
  EXPECT_EQ(told.latency().offset(), 49);
  EXPECT_EQ(told.latency().counts_size(), 17) << "5 to 80 ms are four powers of two";
  EXPECT_EQ(told.latency().counts(0), 1U);
  EXPECT_EQ(told.latency().counts(16), 1U);

  Window many;
  for (std::uint64_t backend = 0; backend < 80; ++backend) {
    RouteLatencies& routes = many.backends["web"]["10.0.0.1:" + std::to_string(backend)].latency_of_routes;
    for (std::uint64_t route = 1; route <= 20; ++route) routes[route].Record(std::chrono::milliseconds(5));
  }
  std::size_t rows = 0;
  const v1::Report bounded = BuildReport(many, {}, kNoProbes);
  for (const v1::BackendReport& row : bounded.backends()) {
    EXPECT_LE(row.routes_size(), 16);
    rows += static_cast<std::size_t>(row.routes_size());
  }
  EXPECT_EQ(rows, kMaxReportedRoutes);
}

TEST(ReportBuilder, TellsTheHealthOfQuietBackendsToo) {
  Window window;
  window.backends["web"]["a"].succeeded = 1;
  const v1::Report report = BuildReport(window, {}, [](const HealthVisitor& visit) {
    visit("web", "a", health::HealthState::kHealthy);
    visit("web", "b", health::HealthState::kUnhealthy);
  });
  ASSERT_EQ(report.backends_size(), 2);
  EXPECT_EQ(report.backends(0).health(), v1::HEALTH_HEALTHY);
  EXPECT_EQ(report.backends(0).succeeded(), 1U);
  EXPECT_EQ(report.backends(1).backend(), "b");
  EXPECT_EQ(report.backends(1).health(), v1::HEALTH_UNHEALTHY);
}

TEST(ReportBuilder, StopsAtTheBoundAndCountsTheRest) {
  Window window;
  for (int i = 0; i < kMaxReportedBackends + 5; ++i) window.backends["web"][std::to_string(i)].succeeded = 1;
  const v1::Report report = BuildReport(window, {}, kNoProbes);
  EXPECT_EQ(report.backends_size(), kMaxReportedBackends);
  EXPECT_EQ(report.dropped_backends(), 5U);
}

}  // namespace
}  // namespace switchyard::agent::report
