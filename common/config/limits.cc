#include "common/config/limits.h"

#include <algorithm>
#include <limits>

namespace switchyard::config {
namespace {

Duration Or(bool present, const google::protobuf::Duration& value, const Time& range) {
  return present ? FromProto(value) : range.fallback;
}

std::uint32_t Or(std::uint64_t value, const Count& range) { return static_cast<std::uint32_t>(value == 0 ? range.fallback : value); }

std::uint32_t OrIfAbsent(bool present, std::uint64_t value, const Count& range) {
  return static_cast<std::uint32_t>(present ? value : range.fallback);
}

}  // namespace

Duration FromProto(const google::protobuf::Duration& value) {
  constexpr std::int64_t kMaxSeconds = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  const std::int64_t seconds = std::clamp<std::int64_t>(value.seconds(), -kMaxSeconds, kMaxSeconds);
  return std::chrono::seconds(seconds) + std::chrono::nanoseconds(value.nanos());
}

google::protobuf::Duration ToProto(Duration value) {
  google::protobuf::Duration out;
  out.set_seconds(value.count() / 1'000'000'000);
  out.set_nanos(static_cast<std::int32_t>(value.count() % 1'000'000'000));
  return out;
}

std::string BindAddress(const v1::Listener& listener) { return listener.address().empty() ? "0.0.0.0" : listener.address(); }

std::uint32_t MaxHeadBytes(const v1::HttpOptions& http) { return Or(http.max_head_bytes(), limits::kMaxHeadBytes); }

std::uint32_t MaxHeaders(const v1::HttpOptions& http) { return Or(http.max_headers(), limits::kMaxHeaders); }

std::uint32_t MaxTargetBytes(const v1::HttpOptions& http) {
  return std::min(Or(http.max_target_bytes(), limits::kMaxTargetBytes), MaxHeadBytes(http));
}

std::uint64_t MaxBodyBytes(const v1::HttpOptions& http) {
  return http.has_max_body_bytes() ? http.max_body_bytes() : limits::kDefaultMaxBodyBytes;
}

Duration HeadTimeout(const v1::HttpOptions& http) { return Or(http.has_head_timeout(), http.head_timeout(), limits::kHeadTimeout); }

Duration KeepAliveTimeout(const v1::HttpOptions& http) {
  return Or(http.has_keep_alive_timeout(), http.keep_alive_timeout(), limits::kKeepAliveTimeout);
}

Duration BodyIdleTimeout(const v1::HttpOptions& http) {
  return Or(http.has_body_idle_timeout(), http.body_idle_timeout(), limits::kBodyIdleTimeout);
}

std::uint32_t MaxConnections(const v1::HttpOptions& http) { return Or(http.max_connections(), limits::kMaxConnections); }

v1::ForwardedMode Forwarded(const v1::HttpOptions& http) {
  return http.forwarded() == v1::FORWARDED_MODE_UNSPECIFIED ? v1::FORWARDED_MODE_REPLACE : http.forwarded();
}

std::string ViaName(const v1::HttpOptions& http) { return http.via().empty() ? "switchyard" : http.via(); }

std::uint32_t Weight(const v1::WeightedUpstream& upstream) {
  return OrIfAbsent(upstream.has_weight(), upstream.weight(), limits::kRouteWeight);
}

Duration ResponseTimeout(const v1::Route& route) {
  return Or(route.timeouts().has_response(), route.timeouts().response(), limits::kResponseTimeout);
}

Duration StreamIdleTimeout(const v1::Route& route) {
  return Or(route.timeouts().has_idle(), route.timeouts().idle(), limits::kStreamIdleTimeout);
}

std::uint32_t Weight(const v1::Backend& backend) { return OrIfAbsent(backend.has_weight(), backend.weight(), limits::kBackendWeight); }

v1::BackendState State(const v1::Backend& backend) {
  return backend.state() == v1::BACKEND_STATE_UNSPECIFIED ? v1::BACKEND_STATE_ACTIVE : backend.state();
}

v1::Balancer BalancerOf(const v1::Upstream& upstream) {
  return upstream.balancer() == v1::BALANCER_UNSPECIFIED ? v1::BALANCER_LEAST_REQUEST : upstream.balancer();
}

Duration ConnectTimeout(const v1::Upstream& upstream) {
  return Or(upstream.has_connect_timeout(), upstream.connect_timeout(), limits::kConnectTimeout);
}

std::uint32_t MaxConnectionsPerBackend(const v1::Upstream& upstream) {
  return Or(upstream.pool().max_connections_per_backend(), limits::kPoolConnections);
}

std::uint32_t MaxIdlePerBackend(const v1::Upstream& upstream) {
  const v1::Pool& pool = upstream.pool();
  return std::min(OrIfAbsent(pool.has_max_idle_per_backend(), pool.max_idle_per_backend(), limits::kPoolIdle),
                  MaxConnectionsPerBackend(upstream));
}

Duration PoolIdleTimeout(const v1::Upstream& upstream) {
  return Or(upstream.pool().has_idle_timeout(), upstream.pool().idle_timeout(), limits::kPoolIdleTimeout);
}

std::uint32_t MaxPending(const v1::Upstream& upstream) {
  return OrIfAbsent(upstream.pool().has_max_pending(), upstream.pool().max_pending(), limits::kPoolPending);
}

Duration PendingTimeout(const v1::Upstream& upstream) {
  return Or(upstream.pool().has_pending_timeout(), upstream.pool().pending_timeout(), limits::kPoolPendingTimeout);
}

Duration ProbeInterval(const v1::HealthCheck& check) { return Or(check.has_interval(), check.interval(), limits::kProbeInterval); }

Duration ProbeTimeout(const v1::HealthCheck& check) { return Or(check.has_timeout(), check.timeout(), limits::kProbeTimeout); }

std::uint32_t UnhealthyThreshold(const v1::HealthCheck& check) { return Or(check.unhealthy_threshold(), limits::kUnhealthyThreshold); }

std::uint32_t HealthyThreshold(const v1::HealthCheck& check) { return Or(check.healthy_threshold(), limits::kHealthyThreshold); }

std::string ProbePath(const v1::HttpProbe& probe) { return probe.path().empty() ? "/" : probe.path(); }

}  // namespace switchyard::config
