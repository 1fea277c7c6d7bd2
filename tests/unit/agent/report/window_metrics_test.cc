// Latencies change from fine buckets to coarse ones here; the test looks at both sides of a coarse bound.
#include "agent/report/window_metrics.h"

#include <gtest/gtest.h>

#include <string>

#include "common/observe/metric_names.h"

namespace switchyard::agent::report {
namespace {

TEST(WindowMetrics, PutsLatenciesIntoTheBucketOfTheirUpperEnd) {
  Window window;
  window.listeners["edge"].duration.RecordN(900, 3);      // 0.9 ms: below 1 ms
  window.listeners["edge"].duration.RecordN(20'000, 2);   // 20 ms: below 25 ms
  window.listeners["edge"].duration.RecordN(60'000'000, 1);  // a minute
  observe::Metrics metrics;
  AddToMetrics(window, metrics);
  const std::string text = metrics.Expose();
  EXPECT_NE(text.find("switchyard_request_duration_seconds_bucket{listener=\"edge\",le=\"0.0005\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switchyard_request_duration_seconds_bucket{listener=\"edge\",le=\"0.001\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switchyard_request_duration_seconds_bucket{listener=\"edge\",le=\"0.025\"} 5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switchyard_request_duration_seconds_bucket{listener=\"edge\",le=\"10\"} 5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switchyard_request_duration_seconds_count{listener=\"edge\"} 6\n"), std::string::npos) << text;
}

TEST(WindowMetrics, DropsGaugesOfWhatIsGone) {
  observe::Metrics metrics;
  Window window;
  window.listeners["edge"].open_connections = 4;
  AddToMetrics(window, metrics);
  AddToMetrics(Window(), metrics);
  EXPECT_EQ(metrics.Value(observe::kOpenConnections, {"edge"}), 0);
}

TEST(WindowMetrics, CountsFailuresByCause) {
  Window window;
  window.backends["web"]["a"].failures[CauseIndex(Cause::kConnectTimeout)] = 2;
  window.backends["web"]["b"].failures[CauseIndex(Cause::kConnectTimeout)] = 1;
  observe::Metrics metrics;
  AddToMetrics(window, metrics);
  EXPECT_EQ(metrics.Value(observe::kAttemptFailures, {"web", "connect_timeout"}), 3);
  EXPECT_EQ(metrics.Value(observe::kAttempts, {"web", "a", "failed"}), 2);
}

TEST(WindowMetrics, ShowsPoolsByState) {
  Window window;
  BackendWindow& a = window.backends["web"]["a"];
  a.connections = 7;
  a.idle = 2;
  a.connecting = 1;
  a.waiting = 3;
  a.pool_exhausted = 4;
  window.backends["web"]["b"].connections = 1;
  observe::Metrics metrics;
  AddToMetrics(window, metrics);
  EXPECT_EQ(metrics.Value(observe::kPoolConnections, {"web", "idle"}), 2);
  EXPECT_EQ(metrics.Value(observe::kPoolConnections, {"web", "busy"}), 5);
  EXPECT_EQ(metrics.Value(observe::kPoolConnections, {"web", "connecting"}), 1);
  EXPECT_EQ(metrics.Value(observe::kPoolWaiting, {"web"}), 3);
  EXPECT_EQ(metrics.Value(observe::kPoolExhausted, {"web"}), 4);
  AddToMetrics(window, metrics);
  EXPECT_EQ(metrics.Value(observe::kPoolWaiting, {"web"}), 3);
  EXPECT_EQ(metrics.Value(observe::kPoolExhausted, {"web"}), 8);
  AddToMetrics(Window(), metrics);
  EXPECT_EQ(metrics.Value(observe::kPoolConnections, {"web", "busy"}), 0);
}

TEST(WindowMetrics, CountsBreakersOfRoutesWithThoseOfBackends) {
  Window window;
  BackendWindow& backend = window.backends["web"]["a"];
  backend.breakers[0] = 1;
  backend.routes["buy"].breakers[2] = 1;
  backend.routes["look"].breakers[1] = 1;
  backend.routes_refused = 3;
  observe::Metrics metrics;
  AddToMetrics(window, metrics);
  EXPECT_EQ(metrics.Value(observe::kBreakers, {"web", "closed"}), 1);
  EXPECT_EQ(metrics.Value(observe::kBreakers, {"web", "soft"}), 1);
  EXPECT_EQ(metrics.Value(observe::kBreakers, {"web", "open"}), 1);
  EXPECT_EQ(metrics.Value(observe::kRoutesRefused, {"web"}), 3);
}

TEST(WindowMetrics, ShowsEachRouteOverAllListenersAndEachBackend) {
  Window window;
  for (const char* listener : {"one", "two"}) {
    RouteWindow shop{"shop", {}};
    for (const unsigned status : {200U, 201U, 204U, 503U}) shop.counts.Record(status, 2'000);
    window.listeners[listener].routes.push_back(shop);
  }
  window.backends["web"]["a"].latency.RecordN(300'000, 2);
  observe::Metrics metrics;
  AddToMetrics(window, metrics);
  EXPECT_EQ(metrics.Value(observe::kRouteRequests, {"shop", "2xx"}), 6);
  EXPECT_EQ(metrics.Value(observe::kRouteRequests, {"shop", "5xx"}), 2);
  EXPECT_EQ(metrics.Value(observe::kRouteSeconds, {"shop"}), 8);
  EXPECT_EQ(metrics.Value(observe::kBackendSeconds, {"web", "a"}), 2);
  v1::Snapshot before;
  before.add_resources()->set_name("shop");
  before.mutable_resources(0)->mutable_route();
  ForgetGone(before, {}, metrics);
  EXPECT_EQ(metrics.Value(observe::kRouteRequests, {"shop", "2xx"}), 0);
  EXPECT_EQ(metrics.Value(observe::kRouteSeconds, {"shop"}), 0);
}

TEST(WindowMetrics, ShowsTheLagOfEachWorkersLoop) {
  Window one;
  one.turns[0].RecordN(100, 9);
  Window other;
  other.turns[1].RecordN(300'000, 1);
  one.Merge(other);
  observe::Metrics metrics;
  AddToMetrics(one, metrics);
  EXPECT_EQ(metrics.Value(observe::kLoopLag, {"0"}), 9);
  EXPECT_EQ(metrics.Value(observe::kLoopLag, {"1"}), 1);
  EXPECT_NE(metrics.Expose().find("switchyard_event_loop_lag_seconds_bucket{worker=\"1\",le=\"0.25\"} 0\n"), std::string::npos);
}

TEST(WindowMetrics, ForgetsWhatTheConfigurationNoLongerNames) {
  Window window;
  window.backends["web"]["a"].succeeded = 1;
  window.backends["web"]["b"].succeeded = 1;
  window.listeners["edge"].by_class[1] = 1;
  observe::Metrics metrics;
  AddToMetrics(window, metrics);
  v1::Snapshot before;
  before.add_resources()->set_name("edge");
  before.mutable_resources(0)->mutable_listener();
  before.add_resources()->set_name("web");
  before.mutable_resources(1)->mutable_upstream()->add_backends()->set_address("a");
  before.mutable_resources(1)->mutable_upstream()->add_backends()->set_address("b");
  v1::Snapshot now;
  now.add_resources()->set_name("web");
  now.mutable_resources(0)->mutable_upstream()->add_backends()->set_address("b");
  ForgetGone(before, now, metrics);
  EXPECT_EQ(metrics.Value(observe::kAttempts, {"web", "a", "succeeded"}), 0);
  EXPECT_EQ(metrics.Value(observe::kAttempts, {"web", "b", "succeeded"}), 1);
  EXPECT_EQ(metrics.Value(observe::kRequests, {"edge", "2xx"}), 0);
}

}  // namespace
}  // namespace switchyard::agent::report
