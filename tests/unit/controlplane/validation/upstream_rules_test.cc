// Goal: every bound in upstream.proto holds at its edges and one beyond, with the right field path.
// Method: tables of changes to an upstream in order.
#include "controlplane/validation/upstream_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

v1::Resource Base() { return MakeResource("name: 'shop' upstream {}"); }
std::string U(const std::string& text) { return "upstream { " + text + " }"; }
std::string B(const std::string& text) { return U("backends { address: '10.0.0.1:80' " + text + " }"); }
std::string P(const std::string& text) { return U("pool { " + text + " }"); }
std::string Time(const std::string& field, int seconds, int nanos) {
  return field + " { seconds: " + std::to_string(seconds) + " nanos: " + std::to_string(nanos) + " }";
}

TEST(UpstreamRules, BackendAddressesAreIpAndPort) {
  const auto address = [](const std::string& text) { return U("backends { address: '" + text + "' }"); };
  const std::string at = "spec.backends[0].address";
  ExpectRules(Base(), {{address("10.0.0.1:1"), "", ""},
                       {address("10.0.0.1:65535"), "", ""},
                       {address("[::1]:8080"), "", ""},
                       {address(""), at, "is missing"},
                       {address("10.0.0.1"), at, "no port"},
                       {address("10.0.0.1:0"), at, "port from 1"},
                       {address("10.0.0.1:65536"), at, "no valid port"},
                       {address("::1:80"), at, "brackets"},
                       {address("example.com:80"), at, "IP literal"},
                       {address("10.0.0.1:80 "), at, "no valid port"}});
}

TEST(UpstreamRules, BackendAddressesDifferHoweverWritten) {
  ExpectRules(Base(), {{U("backends { address: '10.0.0.1:80' } backends { address: '10.0.0.1:81' }"), "", ""},
                       {U("backends { address: '[::1]:80' } backends { address: '10.0.0.1:80' } backends { address: '[0:0::1]:80' }"),
                        "spec.backends[2].address", "spec.backends[0] too"}});
}

TEST(UpstreamRules, BackendsAreAtMostFiveThousand) {
  const auto backends = [](int count) {
    v1::Resource out = Base();
    for (int i = 0; i < count; ++i) {
      out.mutable_upstream()->add_backends()->set_address("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":80");
    }
    return out;
  };
  ExpectRule(backends(5000), {"", "", ""});
  ExpectRule(backends(5001), {"", "spec.backends", "5001 entries; at most 5000"});
}

TEST(UpstreamRules, HugeBackendListIsOneViolation) {
  v1::Resource huge = Base();
  for (int i = 0; i < 100'000; ++i) {
    huge.mutable_upstream()->add_backends()->set_address("10." + std::to_string(i / 62'500) + "." + std::to_string(i / 250 % 250) + "." +
                                                         std::to_string(i % 250) + ":80");
  }
  ExpectRule(huge, {"", "spec.backends", "100000 entries"});
}

TEST(UpstreamRules, BackendFieldsHaveBounds) {
  std::string umlauts;
  for (int i = 0; i < 63; ++i) umlauts += "\\303\\251";
  ExpectRules(Base(), {{B("weight: 0"), "", ""},
                       {B("weight: 10000"), "", ""},
                       {B("weight: 10001"), "spec.backends[0].weight", "0 to 10000"},
                       {B("zone: '" + std::string(63, 'z') + "'"), "", ""},
                       {B("zone: '" + umlauts + "'"), "", ""},
                       {B("zone: '" + std::string(64, 'z') + "'"), "spec.backends[0].zone", "64 characters; at most 63"},
                       {B(Repeated(33, "labels { key: 'k#' }")), "spec.backends[0].labels", "33 labels"}});
}

TEST(UpstreamRules, UnknownEnumNumbersAreRefused) {
  v1::Resource balancer = Base();
  balancer.mutable_upstream()->set_balancer(static_cast<v1::Balancer>(77));
  ExpectRule(balancer, {"", "spec.balancer", "ROUND_ROBIN"});
  v1::Resource state = Merged(Base(), B(""));
  state.mutable_upstream()->mutable_backends(0)->set_state(static_cast<v1::BackendState>(-1));
  ExpectRule(state, {"", "spec.backends[0].state", "DRAINING"});
}

TEST(UpstreamRules, ConnectTimeoutHasBounds) {
  ExpectRules(Base(), {{U(Time("connect_timeout", 0, 1'000'000)), "", ""},
                       {U(Time("connect_timeout", 0, 999'999)), "spec.connect_timeout", "1ms to 1m"},
                       {U(Time("connect_timeout", 60, 0)), "", ""},
                       {U(Time("connect_timeout", 60, 1)), "spec.connect_timeout", "1ms to 1m"}});
}

TEST(UpstreamRules, ProbesHaveBounds) {
  const auto check = [](const std::string& text) { return U("health_check { tcp {} " + text + " }"); };
  const std::string at = "spec.health_check.";
  ExpectRules(Base(), {{U("health_check {}"), "spec.health_check", "expected `http`, `grpc` or `tcp`"},
                       {check(""), "", ""},
                       {check(Time("interval", 0, 100'000'000)), "", ""},
                       {check(Time("interval", 0, 99'999'999)), at + "interval", "100ms to 1h"},
                       {check(Time("interval", 3600, 0)), "", ""},
                       {check(Time("interval", 3600, 1)), at + "interval", "100ms to 1h"},
                       {check(Time("timeout", 0, 10'000'000)), "", ""},
                       {check(Time("timeout", 0, 9'999'999)), at + "timeout", "10ms to 1m"},
                       {check(Time("timeout", 20, 0)), "", ""},
                       {check(Time("timeout", 20, 1)), at + "timeout", "more than 10 times the interval, 2s"},
                       {check(Time("timeout", 60, 0) + Time("interval", 6, 0)), "", ""},
                       {check(Time("timeout", 60, 1) + Time("interval", 60, 0)), at + "timeout", "10ms to 1m"},
                       {check("unhealthy_threshold: 1 healthy_threshold: 100"), "", ""},
                       {check("unhealthy_threshold: 100 healthy_threshold: 1"), "", ""},
                       {check("unhealthy_threshold: 101"), at + "unhealthy_threshold", "1 to 100"},
                       {check("healthy_threshold: 101"), at + "healthy_threshold", "1 to 100"},
                       {check("shared_by: 0"), "", ""},
                       {check("shared_by: 1001"), at + "shared_by", "0 to 1000"}});
}

TEST(UpstreamRules, ProbesAskWhatCanBeAsked) {
  const std::string at = "spec.health_check.";
  const auto check = [](const std::string& text) { return U("health_check { " + text + " }"); };
  const auto header = [&](const std::string& name, const std::string& value) {
    return check("http { headers { key: '" + name + "' value: '" + value + "' } }");
  };
  ExpectRules(Base(), {{check("http { } " + Time("suspicious_interval", 2, 0)), "", ""},
                       {check("http { } " + Time("suspicious_interval", 0, 99'999'999)), at + "suspicious_interval", "100ms to 1h"},
                       {check("http { } " + Time("suspicious_interval", 2, 1)), at + "suspicious_interval", "longer than the interval"},
                       {header("authorization", "Bearer x"), "", ""},
                       {header("Host", "x"), at + "http.headers[Host]", "set by the probe itself"},
                       {header("a b", "x"), at + "http.headers[a b]", ""},
                       {header("a", "x\\r\\ny: z"), at + "http.headers[a]", "no header can hold"},
                       {check("http { body_contains: '" + std::string(1024, 'x') + "' }"), "", ""},
                       {check("http { body_contains: '" + std::string(1025, 'x') + "' }"), at + "http.body_contains", "at most 1024"},
                       {check("tcp { }"), "", ""},
                       {check("tcp { send: 'PING' expect: 'PONG' }"), "", ""},
                       {check("tcp { send: 'PING' }"), at + "tcp.expect", "is missing"},
                       {check("grpc { service: 'a.B' authority: 'web:80' }"), "", ""},
                       {check("grpc { authority: 'a b' }"), at + "grpc.authority", "host name"}});
}

TEST(UpstreamRules, HttpProbeIsAnHonestRequest) {
  const auto probe = [](const std::string& text) { return U("health_check { http { " + text + " } }"); };
  const std::string at = "spec.health_check.http.";
  ExpectRules(Base(), {{probe("path: '/healthz?full=1'"), "", ""},
                       {probe("path: 'healthz'"), at + "path", "starts with '/'"},
                       {probe("path: '/a b'"), at + "path", "visible ASCII"},
                       {probe("path: '/a?b c'"), at + "path", "visible ASCII"},
                       {probe("path: '/\\r\\nx: y'"), at + "path", "visible ASCII"},
                       {probe("host: 'example.com:8080'"), "", ""},
                       {probe("host: '[::1]'"), "", ""},
                       {probe("host: 'a\\r\\nx: y'"), at + "host", "host name"},
                       {probe("host: 'a:b'"), at + "host", "host name"},
                       {probe("expected_statuses: 100 expected_statuses: 599"), "", ""},
                       {probe("expected_statuses: 99"), at + "expected_statuses[0]", "100 to 599"},
                       {probe("expected_statuses: 200 expected_statuses: 600"), at + "expected_statuses[1]", "100 to 599"},
                       {probe(Repeated(64, "expected_statuses: 200")), "", ""},
                       {probe(Repeated(65, "expected_statuses: 200")), at + "expected_statuses", "65 entries; at most 64"}});
}

TEST(UpstreamRules, PoolHasBounds) {
  const std::string at = "spec.pool.";
  ExpectRules(Base(), {{P("max_connections_per_backend: 1"), "", ""},
                       {P("max_connections_per_backend: 100000"), "", ""},
                       {P("max_connections_per_backend: 100001"), at + "max_connections_per_backend", "1 to 100000"},
                       {P("max_idle_per_backend: 0"), "", ""},
                       {P("max_idle_per_backend: 1024"), "", ""},
                       {P("max_idle_per_backend: 1025"), at + "max_idle_per_backend", "more than max_connections_per_backend, 1024"},
                       {P("max_idle_per_backend: 100000 max_connections_per_backend: 100000"), "", ""},
                       {P("max_idle_per_backend: 100001 max_connections_per_backend: 100000"), at + "max_idle_per_backend", "0 to 100000"},
                       {P(Time("idle_timeout", 0, 100'000'000)), "", ""},
                       {P(Time("idle_timeout", 0, 99'999'999)), at + "idle_timeout", "100ms to 1h"},
                       {P(Time("idle_timeout", 3600, 0)), "", ""},
                       {P(Time("idle_timeout", 3600, 1)), at + "idle_timeout", "100ms to 1h"},
                       {P("max_pending: 0"), "", ""},
                       {P("max_pending: 100000"), "", ""},
                       {P("max_pending: 100001"), at + "max_pending", "0 to 100000"},
                       {P(Time("pending_timeout", 0, 1'000'000)), "", ""},
                       {P(Time("pending_timeout", 0, 999'999)), at + "pending_timeout", "1ms to 1m"},
                       {P(Time("pending_timeout", 60, 0)), "", ""},
                       {P(Time("pending_timeout", 60, 1)), at + "pending_timeout", "1ms to 1m"},
                       {P("max_requests_per_connection: 4294967295"), "", ""}});
}

TEST(UpstreamRules, BalancingFieldsKeepToTheirBounds) {
  ExpectRules(Base(), {{B("priority: 15"), "", ""},
                       {B("priority: 16"), "spec.backends[0].priority", "0 to 15"},
                       {U("least_capacity_percent: 0"), "", ""},
                       {U("least_capacity_percent: 101"), "spec.least_capacity_percent", "100"},
                       {U("slow_start { " + Time("window", 0, 1) + " }"), "spec.slow_start.window", "100ms"},
                       {U("slow_start { aggression_percent: 9 }"), "spec.slow_start.aggression_percent", "10"},
                       {U("zones { fill_percent: 101 }"), "spec.zones.fill_percent", "100"},
                       {U("hash { bound_percent: 0 }"), "", ""},
                       {U("hash { bound_percent: 99 }"), "spec.hash.bound_percent", "100"},
                       {U("hash { sources { header: 'x-user' } sources { path: true } }"), "", ""},
                       {U("hash { sources { header: 'x user' } }"), "spec.hash.sources[0].header", "name"},
                       {U("hash { sources { cookie: '' } }"), "spec.hash.sources[0].cookie", "name"},
                       {U("hash { sources { source_address: false } }"), "spec.hash.sources[0].source_address", "true"},
                       {U("hash { sources { } }"), "spec.hash.sources[0]", "no source"},
                       {U("fleet { verdicts: FLEET_SWITCH_OFF weights: FLEET_SWITCH_ON concurrency: 100000 }"), "", ""},
                       {U("fleet { concurrency: 100001 }"), "spec.fleet.concurrency", "1 to 100000"},
                       {U("sticky { }"), "", ""},
                       {U("sticky { cookie: 'a;b' }"), "spec.sticky.cookie", "name"},
                       {U("sticky { path: '/a;b' }"), "spec.sticky.path", "';'"},
                       {U("sticky { " + Time("ttl", 0, 5) + " }"), "spec.sticky.ttl", "1s"}});
}

TEST(UpstreamRules, BreakersOutliersAndRetriesKeepToTheirBounds) {
  ExpectRules(Base(), {{U("breaker { mode: BREAKER_MODE_COUNT failure_threshold: 1000 }"), "", ""},
                       {U("breaker { failure_threshold: 1001 }"), "spec.breaker.failure_threshold", "1000"},
                       {U("breaker { error_rate_percent: 101 }"), "spec.breaker.error_rate_percent", "100"},
                       {U("breaker { " + Time("open_timeout", 3601, 0) + " }"), "spec.breaker.open_timeout", "1h"},
                       {U("outlier { }"), "", ""},
                       {U("outlier { consecutive_failures: 0 failure_percent: 0 }"), "", ""},
                       {U("outlier { max_ejected_percent: 101 }"), "spec.outlier.max_ejected_percent", "100"},
                       {U("outlier { " + Time("base_ejection", 60, 0) + Time(" max_ejection", 30, 0) + " }"), "spec.outlier.max_ejection",
                        "less than base_ejection"},
                       {U("limits { max_requests: 1000001 }"), "spec.limits.max_requests", "1000000"},
                       {U("retry { }"), "", ""},
                       {U("retry { max_attempts: 11 }"), "spec.retry.max_attempts", "10"},
                       {U("retry { on: RETRY_CONDITION_UNSPECIFIED }"), "spec.retry.on[0]", "CONNECT_FAILURE"},
                       {U("retry { budget_percent: 101 }"), "spec.retry.budget_percent", "100"},
                       {U("retry { " + Time("per_try_timeout", 0, 1) + " }"), "spec.retry.per_try_timeout", "1ms"}});
}

}  // namespace
}  // namespace switchyard::controlplane::validation
