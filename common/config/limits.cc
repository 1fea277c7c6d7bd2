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
  return listener.protocol() == v1::LISTENER_PROTOCOL_UNSPECIFIED ? v1::LISTENER_PROTOCOL_HTTP1 : listener.protocol();
}

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
Duration ConnectTimeout(const v1::Upstream& upstream) {
  return Pick(upstream.has_connect_timeout(), upstream.connect_timeout(), kConnectTimeout);
}
std::uint32_t Weight(const v1::Backend& backend) { return Pick(backend.has_weight(), backend.weight(), kBackendWeight); }
v1::BackendState StateOf(const v1::Backend& backend) {
  return backend.state() == v1::BACKEND_STATE_UNSPECIFIED ? v1::BACKEND_STATE_ACTIVE : backend.state();
}

Duration ProbeInterval(const v1::HealthCheck& check) { return Pick(check.has_interval(), check.interval(), kProbeInterval); }
Duration ProbeTimeout(const v1::HealthCheck& check) {
  return std::min(Pick(check.has_timeout(), check.timeout(), kProbeTimeout), ProbeInterval(check) * kMaxProbeTimeoutIntervals);
}
std::uint32_t UnhealthyThreshold(const v1::HealthCheck& check) { return Pick(check.unhealthy_threshold(), kUnhealthyThreshold); }
std::uint32_t HealthyThreshold(const v1::HealthCheck& check) { return Pick(check.healthy_threshold(), kHealthyThreshold); }
std::string ProbePath(const v1::HttpProbe& probe) { return Pick(probe.path(), kDefaultProbePath); }
std::string ProbeHost(const v1::HttpProbe& probe, std::string_view address) { return Pick(probe.host(), address); }
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

}  // namespace switchyard::config
