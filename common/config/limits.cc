#include "common/config/limits.h"

#include <algorithm>

#include "common/config/proto_duration.h"

namespace switchyard::config {
namespace {

// For a plain number, where 0 stands for absent.
std::uint32_t Pick(std::uint32_t value, const CountBound& bound) {
  return value == 0 ? bound.fallback : std::clamp(value, bound.min, bound.max);
}

std::uint32_t Pick(bool present, std::uint32_t value, const CountBound& bound) {
  return present ? std::clamp(value, bound.min, bound.max) : bound.fallback;
}

Duration Pick(bool present, const google::protobuf::Duration& value, const TimeBound& bound) {
  return present ? std::clamp(FromProto(value), bound.min, bound.max) : bound.fallback;
}

std::string Pick(const std::string& value, std::string_view fallback) { return value.empty() ? std::string(fallback) : value; }

}  // namespace

std::string Address(const v1::Listener& listener) { return Pick(listener.address(), kDefaultAddress); }

v1::ListenerProtocol Protocol(const v1::Listener& listener) {
  return listener.protocol() == v1::LISTENER_PROTOCOL_UNSPECIFIED ? v1::LISTENER_PROTOCOL_HTTP : listener.protocol();
}

bool IsTunnel(const v1::Listener& listener) {
  return listener.protocol() == v1::LISTENER_PROTOCOL_TCP || listener.protocol() == v1::LISTENER_PROTOCOL_TLS_PASSTHROUGH;
}
std::uint32_t MaxConnections(const v1::TcpOptions& tcp) { return Pick(tcp.max_connections(), kMaxConnections); }
Duration HelloTimeout(const v1::TcpOptions& tcp) { return Pick(tcp.has_hello_timeout(), tcp.hello_timeout(), kHelloTimeout); }
Duration TunnelMaxDuration(const v1::TcpOptions& tcp) { return Pick(tcp.has_max_duration(), tcp.max_duration(), kTunnelMaxDuration); }
bool RequiresProxyHeader(const v1::Listener& listener) {
  return listener.has_proxy_protocol() && listener.proxy_protocol().mode() != v1::PROXY_PROTOCOL_MODE_OFF;
}
Duration ProxyHeaderTimeout(const v1::ProxyProtocolIn& proxy) { return Pick(proxy.has_timeout(), proxy.timeout(), kProxyHeaderTimeout); }

std::uint32_t MaxHeadBytes(const v1::HttpOptions& http) { return Pick(http.max_head_bytes(), kMaxHeadBytes); }
std::uint32_t MaxHeaders(const v1::HttpOptions& http) { return Pick(http.max_headers(), kMaxHeaders); }
std::uint32_t MaxTargetBytes(const v1::HttpOptions& http) {
  return std::min(Pick(http.max_target_bytes(), kMaxTargetBytes), MaxHeadBytes(http));
}
std::uint64_t MaxBodyBytes(const v1::HttpOptions& http) { return http.has_max_body_bytes() ? http.max_body_bytes() : kDefaultMaxBodyBytes; }
Duration HeadTimeout(const v1::HttpOptions& http) { return Pick(http.has_head_timeout(), http.head_timeout(), kHeadTimeout); }
Duration KeepAliveTimeout(const v1::HttpOptions& http) {
  return Pick(http.has_keep_alive_timeout(), http.keep_alive_timeout(), kKeepAliveTimeout);
}
Duration BodyIdleTimeout(const v1::HttpOptions& http) {
  return Pick(http.has_body_idle_timeout(), http.body_idle_timeout(), kBodyIdleTimeout);
}
std::uint32_t MaxConnections(const v1::HttpOptions& http) { return Pick(http.max_connections(), kMaxConnections); }
std::uint32_t MaxRequestsPerConnection(const v1::HttpOptions& http) { return http.max_requests_per_connection(); }
v1::ForwardedMode Forwarded(const v1::HttpOptions& http) {
  return http.forwarded() == v1::FORWARDED_MODE_UNSPECIFIED ? v1::FORWARDED_MODE_REPLACE : http.forwarded();
}
v1::RequestIdMode RequestId(const v1::HttpOptions& http) {
  return http.request_id() == v1::REQUEST_ID_MODE_UNSPECIFIED ? v1::REQUEST_ID_MODE_KEEP : http.request_id();
}
std::string Via(const v1::HttpOptions& http) { return Pick(http.via(), kDefaultVia); }

std::uint32_t MaxHandshakes(const v1::ListenerTls& tls) { return Pick(tls.max_handshakes(), kMaxHandshakes); }
Duration TlsHandshakeTimeout(const v1::UpstreamTls& tls) {
  return Pick(tls.has_handshake_timeout(), tls.handshake_timeout(), kTlsHandshakeTimeout);
}
std::uint32_t MaxConcurrentStreams(const v1::Http2Options& http2) { return Pick(http2.max_concurrent_streams(), kMaxConcurrentStreams); }
std::uint32_t StreamWindow(const v1::Http2Options& http2) { return Pick(http2.stream_window(), kStreamWindow); }
std::uint32_t ConnectionWindow(const v1::Http2Options& http2) {
  return std::max(Pick(http2.connection_window(), kConnectionWindow), StreamWindow(http2));
}
std::uint32_t MaxResets(const v1::Http2Options& http2) { return Pick(http2.max_resets(), kMaxResets); }
std::uint32_t MaxContinuations(const v1::Http2Options& http2) { return Pick(http2.max_continuations(), kMaxContinuations); }
std::uint32_t MaxControlFrames(const v1::Http2Options& http2) { return Pick(http2.max_control_frames(), kMaxControlFrames); }
Duration StallTimeout(const v1::Http2Options& http2) { return Pick(http2.has_stall_timeout(), http2.stall_timeout(), kStallTimeout); }
std::uint32_t HeaderTableBytes(const v1::Http2Options& http2) {
  return Pick(http2.has_header_table_bytes(), http2.header_table_bytes(), kHeaderTableBytes);
}
double AccessLogPercent(const v1::AccessLog& log) {
  const double percent = log.has_percent() ? log.percent() : kMaxPercent;
  // A number that is none compares false; failures are logged all the same.
  return percent > 0 ? std::min(percent, kMaxPercent) : 0;
}
Duration AccessLogSlow(const v1::AccessLog& log) { return Pick(log.has_slow(), log.slow(), kAccessLogSlow); }

Duration ResponseTimeout(const v1::Timeouts& timeouts) { return Pick(timeouts.has_response(), timeouts.response(), kResponseTimeout); }
Duration ExchangeIdleTimeout(const v1::Timeouts& timeouts) { return Pick(timeouts.has_idle(), timeouts.idle(), kExchangeIdleTimeout); }
Duration RequestTimeout(const v1::Timeouts& timeouts) { return Pick(timeouts.has_request(), timeouts.request(), kRequestTimeout); }
Duration MaxStreamDuration(const v1::Timeouts& timeouts) { return Pick(timeouts.has_max_stream(), timeouts.max_stream(), kMaxStreamDuration); }
std::uint32_t RedirectStatus(const v1::Redirect& redirect) { return redirect.status() == 0 ? kDefaultRedirectStatus : redirect.status(); }
Duration HstsMaxAge(const v1::SecurityHeaders& headers) { return Pick(headers.has_hsts_max_age(), headers.hsts_max_age(), kHstsMaxAge); }
std::uint32_t MirrorShare(const v1::Mirror& mirror) {
  const double percent = mirror.has_percent() ? mirror.percent() : kMaxPercent;
  // A number that is none compares false and mirrors nothing.
  return percent > 0 ? static_cast<std::uint32_t>(std::min(percent, kMaxPercent) * 10'000 + 0.5) : 0;
}
std::uint32_t MirrorBodyBytes(const v1::Mirror& mirror) {
  return Pick(mirror.has_max_body_bytes(), mirror.max_body_bytes(), kMirrorBodyBytes);
}
Duration CorsMaxAge(const v1::Cors& cors) { return Pick(cors.has_max_age(), cors.max_age(), kCorsMaxAge); }
std::uint32_t CompressionMinBytes(const v1::Compression& compression) {
  return Pick(compression.has_min_bytes(), compression.min_bytes(), kCompressionMinBytes);
}
std::uint32_t CompressionStreams(const v1::Compression& compression) { return Pick(compression.max_streams(), kCompressionStreams); }
std::uint32_t RateRequests(const v1::RateLimit& limit) { return std::clamp(limit.requests(), kRateRequests.min, kRateRequests.max); }
Duration RatePer(const v1::RateLimit& limit) { return Pick(limit.has_per(), limit.per(), kRatePer); }
std::uint32_t RateBurst(const v1::RateLimit& limit) {
  return std::clamp(limit.has_burst() ? limit.burst() : RateRequests(limit), kRateBurst.min, kRateBurst.max);
}
std::uint32_t RateClients(const v1::RateLimit& limit) { return Pick(limit.max_clients(), kRateClients); }
std::uint32_t Weight(const v1::WeightedUpstream& share) { return Pick(share.has_weight(), share.weight(), kSplitWeight); }

v1::Balancer BalancerOf(const v1::Upstream& upstream) {
  return upstream.balancer() == v1::BALANCER_UNSPECIFIED ? v1::BALANCER_LEAST_REQUEST : upstream.balancer();
}
v1::UpstreamProtocol Protocol(const v1::Upstream& upstream) {
  return upstream.protocol() == v1::UPSTREAM_PROTOCOL_UNSPECIFIED ? v1::UPSTREAM_PROTOCOL_HTTP1 : upstream.protocol();
}
Duration ConnectTimeout(const v1::Upstream& upstream) {
  return Pick(upstream.has_connect_timeout(), upstream.connect_timeout(), kConnectTimeout);
}
v1::ProxyProtocolVersion ProxyProtocolOf(const v1::Upstream& upstream) {
  return upstream.proxy_protocol() == v1::PROXY_PROTOCOL_VERSION_UNSPECIFIED ? v1::PROXY_PROTOCOL_VERSION_NONE : upstream.proxy_protocol();
}
std::uint32_t Weight(const v1::Backend& backend) { return Pick(backend.has_weight(), backend.weight(), kBackendWeight); }
std::uint32_t Priority(const v1::Backend& backend) { return std::min(backend.priority(), kPriority.max); }
std::uint32_t LeastCapacityPercent(const v1::Upstream& upstream) {
  return Pick(upstream.has_least_capacity_percent(), upstream.least_capacity_percent(), kLeastCapacityPercent);
}
Duration SlowStartWindow(const v1::SlowStart& slow_start) { return Pick(slow_start.has_window(), slow_start.window(), kSlowStartWindow); }
bool FleetVerdictsOn(const v1::FleetPolicy& fleet) { return fleet.verdicts() != v1::FLEET_SWITCH_OFF; }
bool FleetWeightsOn(const v1::FleetPolicy& fleet) { return fleet.weights() != v1::FLEET_SWITCH_OFF; }
bool FleetSlowVerdictsOn(const v1::FleetPolicy& fleet) { return fleet.slow_verdicts() != v1::FLEET_SWITCH_OFF; }
std::uint32_t FleetSubsetSize(const v1::FleetPolicy& fleet) { return Pick(fleet.subset_size(), kFleetSubsetSize); }
std::uint32_t FleetConcurrency(const v1::FleetPolicy& fleet) { return Pick(fleet.concurrency(), kFleetConcurrency); }
std::uint32_t AggressionPercent(const v1::SlowStart& slow_start) { return Pick(slow_start.aggression_percent(), kAggressionPercent); }
std::uint32_t ZoneFillPercent(const v1::ZonePreference& zones) { return Pick(zones.fill_percent(), kZoneFillPercent); }
std::uint32_t HashBoundPercent(const v1::HashPolicy& hash) {
  if (hash.has_bound_percent() && hash.bound_percent() == 0) return 0;
  return Pick(hash.has_bound_percent(), hash.bound_percent(), kHashBoundPercent);
}
std::string StickyCookie(const v1::StickySession& sticky) { return Pick(sticky.cookie(), kDefaultStickyCookie); }
std::string StickyPath(const v1::StickySession& sticky) { return Pick(sticky.path(), "/"); }
Duration StickyTtl(const v1::StickySession& sticky) { return Pick(sticky.has_ttl(), sticky.ttl(), kStickyTtl); }
v1::BreakerMode ModeOf(const v1::Breaker& breaker) {
  return breaker.mode() == v1::BREAKER_MODE_UNSPECIFIED ? v1::BREAKER_MODE_EVIDENCE : breaker.mode();
}
Duration BreakerOpenTimeout(const v1::Breaker& breaker) {
  if (!breaker.has_open_timeout() && ModeOf(breaker) != v1::BREAKER_MODE_COUNT) return kEvidenceOpenTimeout;
  return Pick(breaker.has_open_timeout(), breaker.open_timeout(), kBreakerOpenTimeout);
}
std::uint32_t FailureThreshold(const v1::Breaker& breaker) { return Pick(breaker.failure_threshold(), kBreakerFailures); }
std::uint32_t SuccessThreshold(const v1::Breaker& breaker) { return Pick(breaker.success_threshold(), kBreakerSuccesses); }
std::uint32_t HalfOpenMaxRequests(const v1::Breaker& breaker) { return Pick(breaker.half_open_max_requests(), kHalfOpenRequests); }
std::uint32_t ErrorRatePercent(const v1::Breaker& breaker) { return Pick(breaker.error_rate_percent(), kErrorRatePercent); }
std::uint32_t MinimumRequests(const v1::Breaker& breaker) { return Pick(breaker.minimum_requests(), kMinimumRequests); }
Duration BreakerWindow(const v1::Breaker& breaker) { return Pick(breaker.has_window(), breaker.window(), kRateWindow); }
Duration SlowCall(const v1::Breaker& breaker) { return Pick(breaker.has_slow_call(), breaker.slow_call(), kSlowCall); }
std::uint32_t SlowCallRatePercent(const v1::Breaker& breaker) { return Pick(breaker.slow_call_rate_percent(), kSlowCallRatePercent); }
v1::BreakerForce ForceOf(const v1::Upstream& upstream, const v1::Backend& backend) {
  const v1::BreakerForce force = backend.breaker() == v1::BREAKER_FORCE_UNSPECIFIED ? upstream.breaker().force() : backend.breaker();
  return force == v1::BREAKER_FORCE_UNSPECIFIED ? v1::BREAKER_FORCE_NONE : force;
}

std::uint32_t ConsecutiveFailures(const v1::OutlierDetection& outlier) {
  return Pick(outlier.has_consecutive_failures(), outlier.consecutive_failures(), kOutlierFailures);
}
std::uint32_t ConsecutiveGatewayFailures(const v1::OutlierDetection& outlier) {
  return Pick(outlier.has_consecutive_gateway_failures(), outlier.consecutive_gateway_failures(), kOutlierGatewayFailures);
}
std::uint32_t ConsecutiveLocalFailures(const v1::OutlierDetection& outlier) {
  return Pick(outlier.has_consecutive_local_failures(), outlier.consecutive_local_failures(), kOutlierFailures);
}
std::uint32_t FailurePercent(const v1::OutlierDetection& outlier) {
  return Pick(outlier.has_failure_percent(), outlier.failure_percent(), kOutlierFailurePercent);
}
std::uint32_t MinimumRequests(const v1::OutlierDetection& outlier) { return Pick(outlier.minimum_requests(), kMinimumRequests); }
Duration OutlierInterval(const v1::OutlierDetection& outlier) { return Pick(outlier.has_interval(), outlier.interval(), kRateWindow); }
Duration BaseEjection(const v1::OutlierDetection& outlier) { return Pick(outlier.has_base_ejection(), outlier.base_ejection(), kBaseEjection); }
Duration MaxEjection(const v1::OutlierDetection& outlier) {
  return std::max(Pick(outlier.has_max_ejection(), outlier.max_ejection(), kMaxEjection), BaseEjection(outlier));
}
std::uint32_t MaxEjectedPercent(const v1::OutlierDetection& outlier) {
  return Pick(outlier.has_max_ejected_percent(), outlier.max_ejected_percent(), kMaxEjectedPercent);
}

std::uint32_t MaxUpstreamRequests(const v1::UpstreamLimits& limits) { return Pick(limits.max_requests(), kMaxUpstreamRequests); }
std::uint32_t MaxUpstreamRetries(const v1::UpstreamLimits& limits) {
  return Pick(limits.has_max_retries(), limits.max_retries(), kMaxUpstreamRetries);
}

std::uint32_t RetryAttempts(const v1::Retry& retry) { return Pick(retry.max_attempts(), kRetryAttempts); }
bool RetriesOn(const v1::Retry& retry, v1::RetryCondition condition) {
  if (retry.on().empty()) return condition >= v1::RETRY_CONDITION_CONNECT_FAILURE && condition <= v1::RETRY_CONDITION_GATEWAY_ERROR;
  return std::find(retry.on().begin(), retry.on().end(), condition) != retry.on().end();
}
std::uint32_t RetryBudgetPercent(const v1::Retry& retry) {
  return Pick(retry.has_budget_percent(), retry.budget_percent(), kRetryBudgetPercent);
}
std::uint32_t RetryMinPerSecond(const v1::Retry& retry) { return Pick(retry.has_min_per_second(), retry.min_per_second(), kRetryMinPerSecond); }
Duration PerTryTimeout(const v1::Retry& retry) { return Pick(retry.has_per_try_timeout(), retry.per_try_timeout(), kPerTryTimeout); }
Duration RetryBaseBackoff(const v1::Retry& retry) { return Pick(retry.has_base_backoff(), retry.base_backoff(), kRetryBaseBackoff); }
Duration RetryMaxBackoff(const v1::Retry& retry) { return Pick(retry.has_max_backoff(), retry.max_backoff(), kRetryMaxBackoff); }

v1::BackendState StateOf(const v1::Backend& backend) {
  return backend.state() == v1::BACKEND_STATE_UNSPECIFIED ? v1::BACKEND_STATE_ACTIVE : backend.state();
}

Duration ProbeInterval(const v1::HealthCheck& check) { return Pick(check.has_interval(), check.interval(), kProbeInterval); }
Duration SuspiciousInterval(const v1::HealthCheck& check) {
  const Duration whole = ProbeInterval(check);
  if (check.has_suspicious_interval()) return std::min(Pick(true, check.suspicious_interval(), kSuspiciousInterval), whole);
  return std::max(whole / kSuspiciousPart, kSuspiciousInterval.min);
}
Duration ProbeTimeout(const v1::HealthCheck& check) {
  return std::min(Pick(check.has_timeout(), check.timeout(), kProbeTimeout), ProbeInterval(check) * kMaxProbeTimeoutIntervals);
}
std::uint32_t UnhealthyThreshold(const v1::HealthCheck& check) { return Pick(check.unhealthy_threshold(), kUnhealthyThreshold); }
std::uint32_t ProbesSharedBy(const v1::HealthCheck& check) { return Pick(check.has_shared_by(), check.shared_by(), kProbesSharedBy); }
std::uint32_t HealthyThreshold(const v1::HealthCheck& check) { return Pick(check.healthy_threshold(), kHealthyThreshold); }
std::string ProbePath(const v1::HttpProbe& probe) { return Pick(probe.path(), kDefaultProbePath); }
std::string ProbeHost(const v1::HttpProbe& probe, std::string_view address) { return Pick(probe.host(), address); }
std::string ProbeAuthority(const v1::GrpcProbe& probe, std::string_view address) { return Pick(probe.authority(), address); }
bool IsExpectedStatus(const v1::HttpProbe& probe, std::uint32_t status) {
  const auto& expected = probe.expected_statuses();
  if (expected.empty()) return status >= 200 && status <= 299;
  return std::find(expected.begin(), expected.end(), status) != expected.end();
}

std::uint32_t MaxConnectionsPerBackend(const v1::Pool& pool) { return Pick(pool.max_connections_per_backend(), kMaxConnectionsPerBackend); }
std::uint32_t MaxIdlePerBackend(const v1::Pool& pool) {
  return std::min(Pick(pool.has_max_idle_per_backend(), pool.max_idle_per_backend(), kMaxIdlePerBackend), MaxConnectionsPerBackend(pool));
}
Duration PoolIdleTimeout(const v1::Pool& pool) { return Pick(pool.has_idle_timeout(), pool.idle_timeout(), kPoolIdleTimeout); }
std::uint32_t MaxPending(const v1::Pool& pool) { return Pick(pool.has_max_pending(), pool.max_pending(), kMaxPending); }
Duration PendingTimeout(const v1::Pool& pool) { return Pick(pool.has_pending_timeout(), pool.pending_timeout(), kPendingTimeout); }
std::uint32_t MaxRequestsPerConnection(const v1::Pool& pool) { return pool.max_requests_per_connection(); }
Duration PoolMaxAge(const v1::Pool& pool) { return Pick(pool.has_max_age(), pool.max_age(), kPoolMaxAge); }
std::uint32_t MinIdlePerBackend(const v1::Upstream& upstream) {
  if (ProxyProtocolOf(upstream) != v1::PROXY_PROTOCOL_VERSION_NONE) return 0;
  return std::min({upstream.pool().min_idle_per_backend(), kMaxMinIdle, MaxIdlePerBackend(upstream.pool())});
}

Duration DnsMinTtl(const v1::DnsDiscovery& dns) { return Pick(dns.has_min_ttl(), dns.min_ttl(), kDnsMinTtl); }
Duration DnsMaxTtl(const v1::DnsDiscovery& dns) { return std::max(Pick(dns.has_max_ttl(), dns.max_ttl(), kDnsMaxTtl), DnsMinTtl(dns)); }
Duration DnsTimeout(const v1::DnsDiscovery& dns) { return Pick(dns.has_timeout(), dns.timeout(), kDnsTimeout); }

Duration KeepaliveIdle(const v1::TcpKeepalive& keepalive) { return Pick(keepalive.has_idle(), keepalive.idle(), kKeepaliveIdle); }
Duration KeepaliveInterval(const v1::TcpKeepalive& keepalive) { return Pick(keepalive.has_interval(), keepalive.interval(), kKeepaliveInterval); }
std::uint32_t KeepaliveCount(const v1::TcpKeepalive& keepalive) { return Pick(keepalive.count(), kKeepaliveCount); }
Duration UserTimeout(const v1::SocketOptions& options) { return Pick(options.has_user_timeout(), options.user_timeout(), kUserTimeout); }

}  // namespace switchyard::config
