// Goal: defaults hold where fields are absent, and no value outside its bounds ever reaches an agent. Method: empty messages, set fields, and
// random messages whose effective values are held against the bounds that the .proto comments state.
#include "common/config/limits.h"

#include <limits>

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/config/proto_duration.h"
#include "tests/unit/common/config/random_resource.h"

namespace switchyard::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

template <typename T>
bool Within(const T& value, const Bound<T>& bound) {
  return value >= bound.min && value <= bound.max;
}

TEST(Limits, DefaultsOfAListenerAreThoseOfTheProto) {
  const v1::Listener listener;
  const v1::HttpOptions& http = listener.http();
  EXPECT_EQ(Address(listener), "0.0.0.0");
  EXPECT_EQ(Protocol(listener), v1::LISTENER_PROTOCOL_HTTP);
  EXPECT_EQ(MaxHeadBytes(http), 32'768U);
  EXPECT_EQ(MaxHeaders(http), 100U);
  EXPECT_EQ(MaxTargetBytes(http), 8'192U);
  EXPECT_EQ(MaxBodyBytes(http), 1'073'741'824U);
  EXPECT_EQ(HeadTimeout(http), seconds(10));
  EXPECT_EQ(KeepAliveTimeout(http), seconds(60));
  EXPECT_EQ(BodyIdleTimeout(http), seconds(30));
  EXPECT_EQ(MaxConnections(http), 20'000U);
  EXPECT_EQ(MaxRequestsPerConnection(http), 0U);
  EXPECT_EQ(Forwarded(http), v1::FORWARDED_MODE_REPLACE);
  EXPECT_EQ(Via(http), "switchyard");
}

TEST(Limits, AccessLogLogsEverythingUnlessToldOtherwise) {
  v1::AccessLog log;
  EXPECT_EQ(AccessLogPercent(log), 100);
  log.set_percent(0);
  EXPECT_EQ(AccessLogPercent(log), 0);
  log.set_percent(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(AccessLogPercent(log), 0);
  log.set_percent(1000);
  EXPECT_EQ(AccessLogPercent(log), 100);
  log.mutable_slow()->set_seconds(10'000);
  EXPECT_EQ(AccessLogSlow(log), kAccessLogSlow.max);
  log.mutable_slow()->set_seconds(0);
  EXPECT_EQ(AccessLogSlow(log), kAccessLogSlow.min);
}

TEST(Limits, DefaultsOfHttp2AreThoseOfTheProto) {
  v1::Http2Options http2;
  EXPECT_EQ(MaxConcurrentStreams(http2), 100U);
  EXPECT_EQ(StreamWindow(http2), 262'144U);
  EXPECT_EQ(ConnectionWindow(http2), 1'048'576U);
  EXPECT_EQ(MaxResets(http2), 200U);
  EXPECT_EQ(MaxContinuations(http2), 8U);
  EXPECT_EQ(MaxControlFrames(http2), 1'000U);
  EXPECT_EQ(StallTimeout(http2), seconds(30));
  EXPECT_EQ(HeaderTableBytes(http2), 4'096U);
  http2.set_header_table_bytes(0);
  EXPECT_EQ(HeaderTableBytes(http2), 0U);
  http2.set_stream_window(4'000'000);
  EXPECT_EQ(ConnectionWindow(http2), 4'000'000U);
}

TEST(Limits, DefaultsOfARouteAreThoseOfTheProto) {
  const v1::Route route;
  EXPECT_EQ(ResponseTimeout(route.timeouts()), seconds(15));
  EXPECT_EQ(ExchangeIdleTimeout(route.timeouts()), minutes(5));
  EXPECT_EQ(Weight(v1::WeightedUpstream()), 1U);
}

TEST(Limits, DefaultsOfAnUpstreamAreThoseOfTheProto) {
  const v1::Upstream upstream;
  EXPECT_EQ(BalancerOf(upstream), v1::BALANCER_LEAST_REQUEST);
  EXPECT_EQ(ConnectTimeout(upstream), seconds(1));
  EXPECT_EQ(Protocol(upstream), v1::UPSTREAM_PROTOCOL_HTTP1);
  EXPECT_EQ(Weight(v1::Backend()), 1U);
  EXPECT_EQ(StateOf(v1::Backend()), v1::BACKEND_STATE_ACTIVE);
  EXPECT_EQ(Priority(v1::Backend()), 0U);
  EXPECT_EQ(LeastCapacityPercent(upstream), 20U);
  EXPECT_EQ(SlowStartWindow(upstream.slow_start()), seconds(10));
  EXPECT_EQ(AggressionPercent(upstream.slow_start()), 100U);
  EXPECT_EQ(ZoneFillPercent(upstream.zones()), 80U);
  EXPECT_TRUE(FleetVerdictsOn(upstream.fleet()));
  EXPECT_TRUE(FleetWeightsOn(upstream.fleet()));
  EXPECT_EQ(FleetConcurrency(upstream.fleet()), 0U);
  EXPECT_EQ(HashBoundPercent(upstream.hash()), 125U);
  EXPECT_EQ(StickyCookie(upstream.sticky()), "switchyard-backend");
  EXPECT_EQ(StickyPath(upstream.sticky()), "/");
  EXPECT_EQ(StickyTtl(upstream.sticky()), seconds(0));
  EXPECT_EQ(MaxUpstreamRequests(upstream.limits()), 100'000U);
  EXPECT_EQ(MaxUpstreamRetries(upstream.limits()), 1'000U);
  const v1::HealthCheck check;
  EXPECT_EQ(ProbeInterval(check), seconds(2));
  EXPECT_EQ(ProbeTimeout(check), seconds(1));
  EXPECT_EQ(UnhealthyThreshold(check), 3U);
  EXPECT_EQ(HealthyThreshold(check), 2U);
  EXPECT_EQ(ProbesSharedBy(check), 3U);
  EXPECT_EQ(ProbePath(check.http()), "/");
  EXPECT_EQ(ProbeHost(check.http(), "10.0.0.1:80"), "10.0.0.1:80");
  const v1::Pool& pool = upstream.pool();
  EXPECT_EQ(MaxConnectionsPerBackend(pool), 1'024U);
  EXPECT_EQ(MaxIdlePerBackend(pool), 128U);
  EXPECT_EQ(PoolIdleTimeout(pool), seconds(60));
  EXPECT_EQ(MaxPending(pool), 1'024U);
  EXPECT_EQ(PendingTimeout(pool), seconds(1));
  EXPECT_EQ(MaxRequestsPerConnection(pool), 0U);
}

TEST(Limits, DefaultsOfBreakersDependOnTheirMode) {
  v1::Breaker breaker;
  EXPECT_EQ(ModeOf(breaker), v1::BREAKER_MODE_EVIDENCE);
  EXPECT_EQ(BreakerOpenTimeout(breaker), seconds(5));
  breaker.set_mode(v1::BREAKER_MODE_COUNT);
  EXPECT_EQ(BreakerOpenTimeout(breaker), seconds(30));
  EXPECT_EQ(FailureThreshold(breaker), 5U);
  EXPECT_EQ(SuccessThreshold(breaker), 3U);
  EXPECT_EQ(HalfOpenMaxRequests(breaker), 3U);
  EXPECT_EQ(ErrorRatePercent(breaker), 50U);
  EXPECT_EQ(MinimumRequests(breaker), 20U);
  EXPECT_EQ(BreakerWindow(breaker), seconds(10));
  EXPECT_EQ(SlowCall(breaker), seconds(0));
  EXPECT_EQ(SlowCallRatePercent(breaker), 100U);
  v1::Upstream upstream;
  v1::Backend backend;
  EXPECT_EQ(ForceOf(upstream, backend), v1::BREAKER_FORCE_NONE);
  upstream.mutable_breaker()->set_force(v1::BREAKER_FORCE_OPEN);
  EXPECT_EQ(ForceOf(upstream, backend), v1::BREAKER_FORCE_OPEN);
  backend.set_breaker(v1::BREAKER_FORCE_NONE);
  EXPECT_EQ(ForceOf(upstream, backend), v1::BREAKER_FORCE_NONE);
}

TEST(Limits, DefaultsOfOutlierDetectionAndRetriesAreThoseOfTheProto) {
  v1::OutlierDetection outlier;
  EXPECT_EQ(ConsecutiveFailures(outlier), 5U);
  EXPECT_EQ(ConsecutiveGatewayFailures(outlier), 0U);
  EXPECT_EQ(ConsecutiveLocalFailures(outlier), 5U);
  EXPECT_EQ(FailurePercent(outlier), 50U);
  EXPECT_EQ(MinimumRequests(outlier), 20U);
  EXPECT_EQ(OutlierInterval(outlier), seconds(10));
  EXPECT_EQ(BaseEjection(outlier), seconds(5));
  EXPECT_EQ(MaxEjection(outlier), minutes(5));
  EXPECT_EQ(MaxEjectedPercent(outlier), 50U);
  *outlier.mutable_base_ejection() = ToProto(minutes(10));
  EXPECT_EQ(MaxEjection(outlier), minutes(10));
  v1::Retry retry;
  EXPECT_EQ(RetryAttempts(retry), 3U);
  EXPECT_TRUE(RetriesOn(retry, v1::RETRY_CONDITION_GATEWAY_ERROR));
  EXPECT_FALSE(RetriesOn(retry, v1::RETRY_CONDITION_SERVER_ERROR));
  EXPECT_EQ(RetryBudgetPercent(retry), 20U);
  EXPECT_EQ(RetryMinPerSecond(retry), 10U);
  EXPECT_EQ(PerTryTimeout(retry), seconds(0));
  EXPECT_EQ(RetryBaseBackoff(retry), milliseconds(25));
  EXPECT_EQ(RetryMaxBackoff(retry), milliseconds(250));
  retry.add_on(v1::RETRY_CONDITION_SERVER_ERROR);
  EXPECT_TRUE(RetriesOn(retry, v1::RETRY_CONDITION_SERVER_ERROR));
  EXPECT_FALSE(RetriesOn(retry, v1::RETRY_CONDITION_CONNECT_FAILURE));
}

TEST(Limits, TellAnExplicitZeroFromAnAbsentField) {
  v1::Backend backend;
  backend.set_weight(0);
  EXPECT_EQ(Weight(backend), 0U);
  v1::HttpOptions http;
  http.set_max_body_bytes(0);
  EXPECT_EQ(MaxBodyBytes(http), 0U);
  v1::Pool pool;
  pool.set_max_idle_per_backend(0);
  pool.set_max_pending(0);
  EXPECT_EQ(MaxIdlePerBackend(pool), 0U);
  EXPECT_EQ(MaxPending(pool), 0U);
}

TEST(Limits, BindFieldsToEachOther) {
  v1::HttpOptions http;
  http.set_max_head_bytes(1'024);
  EXPECT_EQ(MaxTargetBytes(http), 1'024U);
  v1::Pool pool;
  pool.set_max_connections_per_backend(5);
  EXPECT_EQ(MaxIdlePerBackend(pool), 5U);
  v1::HealthCheck check;
  *check.mutable_interval() = ToProto(milliseconds(100));
  *check.mutable_timeout() = ToProto(seconds(30));
  EXPECT_EQ(ProbeTimeout(check), seconds(1));
}

TEST(Limits, ExpectStatusesOf200To299UnlessToldOtherwise) {
  v1::HttpProbe probe;
  EXPECT_TRUE(IsExpectedStatus(probe, 200));
  EXPECT_TRUE(IsExpectedStatus(probe, 299));
  EXPECT_FALSE(IsExpectedStatus(probe, 199));
  EXPECT_FALSE(IsExpectedStatus(probe, 300));
  probe.add_expected_statuses(404);
  EXPECT_TRUE(IsExpectedStatus(probe, 404));
  EXPECT_FALSE(IsExpectedStatus(probe, 200));
}

TEST(Limits, HoldForWhateverAMessageSays) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < 2'000; ++i) {
    v1::Listener listener;
    v1::Route route;
    v1::Upstream upstream;
    tests::FillRandomly(random, listener);
    tests::FillRandomly(random, route);
    tests::FillRandomly(random, upstream);
    const v1::HttpOptions& http = listener.http();
    ASSERT_TRUE(Within(MaxHeadBytes(http), kMaxHeadBytes));
    ASSERT_TRUE(Within(MaxHeaders(http), kMaxHeaders));
    ASSERT_TRUE(MaxTargetBytes(http) >= kMaxTargetBytes.min && MaxTargetBytes(http) <= MaxHeadBytes(http));
    ASSERT_TRUE(Within(HeadTimeout(http), kHeadTimeout));
    ASSERT_TRUE(Within(KeepAliveTimeout(http), kKeepAliveTimeout));
    ASSERT_TRUE(Within(BodyIdleTimeout(http), kBodyIdleTimeout));
    ASSERT_TRUE(Within(MaxConnections(http), kMaxConnections));
    ASSERT_TRUE(Within(ResponseTimeout(route.timeouts()), kResponseTimeout));
    ASSERT_TRUE(Within(ExchangeIdleTimeout(route.timeouts()), kExchangeIdleTimeout));
    for (const v1::WeightedUpstream& share : route.forward().upstreams()) ASSERT_TRUE(Within(Weight(share), kSplitWeight));
    for (const v1::Backend& backend : upstream.backends()) ASSERT_TRUE(Within(Weight(backend), kBackendWeight));
    ASSERT_TRUE(Within(ConnectTimeout(upstream), kConnectTimeout));
    const v1::HealthCheck& check = upstream.health_check();
    ASSERT_TRUE(Within(ProbeInterval(check), kProbeInterval));
    ASSERT_TRUE(ProbeTimeout(check) >= kProbeTimeout.min && ProbeTimeout(check) <= ProbeInterval(check) * 10);
    ASSERT_TRUE(Within(UnhealthyThreshold(check), kUnhealthyThreshold));
    ASSERT_TRUE(Within(ProbesSharedBy(check), kProbesSharedBy));
    ASSERT_TRUE(Within(HealthyThreshold(check), kHealthyThreshold));
    const v1::Pool& pool = upstream.pool();
    ASSERT_TRUE(Within(MaxConnectionsPerBackend(pool), kMaxConnectionsPerBackend));
    ASSERT_LE(MaxIdlePerBackend(pool), MaxConnectionsPerBackend(pool));
    ASSERT_TRUE(Within(PoolIdleTimeout(pool), kPoolIdleTimeout));
    ASSERT_TRUE(Within(MaxPending(pool), kMaxPending));
    ASSERT_TRUE(Within(PendingTimeout(pool), kPendingTimeout));
    ASSERT_LE(MinIdlePerBackend(upstream), MaxIdlePerBackend(pool));
    ASSERT_TRUE(PoolMaxAge(pool) == Duration::zero() || Within(PoolMaxAge(pool), kPoolMaxAge));
    ASSERT_TRUE(Within(DnsMinTtl(upstream.discovery().dns()), kDnsMinTtl));
    ASSERT_GE(DnsMaxTtl(upstream.discovery().dns()), DnsMinTtl(upstream.discovery().dns()));
    ASSERT_TRUE(Within(HelloTimeout(listener.tcp()), kHelloTimeout));
    ASSERT_TRUE(Within(ProxyHeaderTimeout(listener.proxy_protocol()), kProxyHeaderTimeout));
    ASSERT_TRUE(Within(KeepaliveIdle(listener.socket().keepalive()), kKeepaliveIdle));
  }
}

TEST(ProtoDuration, GoesBothWaysAndStopsAtAHundredYears) {
  for (const Duration value : {Duration(0), Duration(1), Duration(-1), Duration(milliseconds(1'500)), Duration(-milliseconds(1'500)), kLongestDuration}) {
    EXPECT_EQ(FromProto(ToProto(value)), value);
  }
  google::protobuf::Duration huge;
  huge.set_seconds(std::numeric_limits<std::int64_t>::max());
  huge.set_nanos(999'999'999);
  EXPECT_EQ(FromProto(huge), kLongestDuration);
  huge.set_seconds(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(FromProto(huge), -kLongestDuration);
}

}  // namespace
}  // namespace switchyard::config
