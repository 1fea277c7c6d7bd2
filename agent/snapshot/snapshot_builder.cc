#include "agent/snapshot/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/snapshot/balancing.h"
#include "common/base/status.h"
#include "common/config/limits.h"
#include "common/config/resource_key.h"
#include "common/config/snapshot_digest.h"

namespace switchyard::agent::snapshot {
namespace {

v1::Violation Refusal(const v1::Resource& resource, std::string field, std::string_view reason) {
  v1::Violation violation;
  *violation.mutable_resource() = config::KeyOf(resource);
  violation.set_field(std::move(field));
  violation.set_reason(std::string(reason));
  return violation;
}

ForwardedMode ModeOf(const v1::HttpOptions& http) {
  switch (config::Forwarded(http)) {
    case v1::FORWARDED_MODE_APPEND:
      return ForwardedMode::kAppend;
    case v1::FORWARDED_MODE_KEEP:
      return ForwardedMode::kKeep;
    default:
      return ForwardedMode::kReplace;
  }
}

RequestIdMode RequestIdOf(const v1::HttpOptions& http) {
  switch (config::RequestId(http)) {
    case v1::REQUEST_ID_MODE_ENSURE:
      return RequestIdMode::kEnsure;
    case v1::REQUEST_ID_MODE_REPLACE:
      return RequestIdMode::kReplace;
    default:
      return RequestIdMode::kKeep;
  }
}

// Whole seconds, rounded up.
int Seconds(Duration duration) { return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(duration).count()); }

loop::SocketOptions SocketOf(const v1::SocketOptions& options) {
  loop::SocketOptions out;
  out.user_timeout_ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(config::UserTimeout(options)).count());
  if (!options.has_keepalive()) return out;
  out.keepalive_idle_s = Seconds(config::KeepaliveIdle(options.keepalive()));
  out.keepalive_interval_s = Seconds(config::KeepaliveInterval(options.keepalive()));
  out.keepalive_count = static_cast<int>(config::KeepaliveCount(options.keepalive()));
  return out;
}

ListenerProtocol ProtocolOf(const v1::Listener& listener) {
  switch (listener.protocol()) {
    case v1::LISTENER_PROTOCOL_TCP:
      return ListenerProtocol::kTcp;
    case v1::LISTENER_PROTOCOL_TLS_PASSTHROUGH:
      return ListenerProtocol::kTlsPassthrough;
    default:
      return ListenerProtocol::kHttp;
  }
}

// A block that cannot be read trusts nobody.
ProxyIn ProxyInOf(const v1::Listener& listener) {
  ProxyIn out;
  out.required = config::RequiresProxyHeader(listener);
  out.timeout = config::ProxyHeaderTimeout(listener.proxy_protocol());
  for (const std::string& source : listener.proxy_protocol().trusted_sources()) {
    if (const absl::StatusOr<rules::Network> block = rules::Network::Parse(source); block.ok()) out.trusted.push_back(*block);
  }
  return out;
}

upstream::ProxyOut ProxyOutOf(const v1::Upstream& upstream) {
  switch (config::ProxyProtocolOf(upstream)) {
    case v1::PROXY_PROTOCOL_VERSION_V1:
      return upstream::ProxyOut::kV1;
    case v1::PROXY_PROTOCOL_VERSION_V2:
      return upstream::ProxyOut::kV2;
    default:
      return upstream::ProxyOut::kNone;
  }
}

HttpVersions VersionsOf(const v1::Listener& listener) {
  switch (config::Protocol(listener)) {
    case v1::LISTENER_PROTOCOL_HTTP1:
      return HttpVersions::kHttp1;
    case v1::LISTENER_PROTOCOL_HTTP2:
      return HttpVersions::kHttp2;
    default:
      return HttpVersions::kBoth;
  }
}

void FillHttp2(const v1::HttpOptions& http, ListenerConfig& out) {
  const v1::Http2Options& http2 = http.http2();
  out.http2.max_concurrent_streams = config::MaxConcurrentStreams(http2);
  out.http2.stream_window = config::StreamWindow(http2);
  out.http2.connection_window = config::ConnectionWindow(http2);
  out.http2.max_field_bytes = config::MaxHeadBytes(http);
  out.http2.max_fields = config::MaxHeaders(http);
  out.http2.header_table_bytes = config::HeaderTableBytes(http2);
  out.http2.extended_connect = true;
  out.http2_limits = {config::MaxResets(http2), config::MaxControlFrames(http2), config::MaxContinuations(http2),
                      config::MaxHeadBytes(http) * 2};
  out.stall_timeout = config::StallTimeout(http2);
}

ListenerConfig ListenerOf(const v1::Resource& resource) {
  const v1::HttpOptions& http = resource.listener().http();
  ListenerConfig out;
  out.protocol = ProtocolOf(resource.listener());
  out.proxy_in = ProxyInOf(resource.listener());
  out.tcp.hello_timeout = config::HelloTimeout(resource.listener().tcp());
  out.socket = SocketOf(resource.listener().socket());
  out.tcp.max_duration = config::TunnelMaxDuration(resource.listener().tcp());
  out.name = resource.name();
  out.access_log = access_log::TermsOf(resource.listener().access_log());
  out.head_limits = {config::MaxHeadBytes(http), config::MaxHeaders(http), config::MaxTargetBytes(http)};
  out.max_body_bytes = config::MaxBodyBytes(http);
  out.head_timeout = config::HeadTimeout(http);
  out.keep_alive_timeout = config::KeepAliveTimeout(http);
  out.body_idle_timeout = config::BodyIdleTimeout(http);
  out.max_connections = config::IsTunnel(resource.listener()) ? config::MaxConnections(resource.listener().tcp()) : config::MaxConnections(http);
  out.max_requests_per_connection = http.max_requests_per_connection();
  out.forwarded = ModeOf(http);
  out.via = config::Via(http);
  out.versions = VersionsOf(resource.listener());
  FillHttp2(http, out);
  out.request_id = RequestIdOf(http);
  out.tell_load = http.tell_load();
  return out;
}

}  // namespace

SnapshotBuilder::SnapshotBuilder(unsigned workers, std::string zone, health::HealthTable& health, std::shared_ptr<const tls::TicketKeyRing> tickets)
    : workers_(std::max(workers, 1U)), zone_(std::move(zone)), health_(health), tls_(std::move(tickets)) {}

SnapshotBuilder::Result SnapshotBuilder::Build(const v1::Snapshot& proto) {
  Result result;
  result.snapshot = std::make_shared<AgentSnapshot>();
  result.snapshot->generation = proto.generation();
  tls_.Begin(proto);
  tells_load_ = std::any_of(proto.resources().begin(), proto.resources().end(), [](const v1::Resource& r) { return r.listener().http().tell_load(); });
  BuildUpstreams(proto, result);
  BuildListeners(proto, result);
  tls_.End();
  result.warnings = tls_.TakeWarnings();
  return result;
}

// At least one, so that a small cap does not turn a worker off.
std::uint32_t SnapshotBuilder::Share(std::uint32_t cap) const { return std::max(1U, (cap + workers_ - 1) / workers_); }

void SnapshotBuilder::BuildUpstreams(const v1::Snapshot& proto, Result& result) {
  std::unordered_map<std::string, BuiltUpstream> kept;
  upstream_index_.clear();
  for (const v1::Resource& resource : proto.resources()) {
    if (!resource.has_upstream()) continue;
    const std::string bytes = config::CanonicalBytes(resource) + tls_.SecretsOf(resource.upstream().tls()) + (tells_load_ ? "t" : "");
    if (resource.upstream().has_tls()) tls_.KeepUpstream(resource.name());
    BuiltUpstream built = upstreams_[resource.name()];
    if (!built.config || built.bytes != bytes) {
      if (auto config = BuildUpstream(resource, result.violations)) built = {bytes, std::move(config)};
    }
    if (!built.config) continue;
    upstream_index_[resource.name()] = static_cast<std::uint32_t>(result.snapshot->upstreams.size());
    result.snapshot->upstreams.push_back(built.config);
    kept[resource.name()] = std::move(built);
  }
  upstreams_ = std::move(kept);
}

std::shared_ptr<const upstream::UpstreamConfig> SnapshotBuilder::BuildUpstream(const v1::Resource& resource,
                                                                               std::vector<v1::Violation>& violations) {
  const v1::Upstream& proto = resource.upstream();
  auto out = std::make_shared<upstream::UpstreamConfig>();
  out->name = resource.name();
  out->pool.max_connections = Share(config::MaxConnectionsPerBackend(proto.pool()));
  out->pool.max_idle = (config::MaxIdlePerBackend(proto.pool()) + workers_ - 1) / workers_;
  out->pool.max_pending = (config::MaxPending(proto.pool()) + workers_ - 1) / workers_;
  out->pool.max_requests_per_connection = proto.pool().max_requests_per_connection();
  out->pool.idle_timeout = config::PoolIdleTimeout(proto.pool());
  out->pool.pending_timeout = config::PendingTimeout(proto.pool());
  out->pool.connect_timeout = config::ConnectTimeout(proto);
  out->pool.max_age = config::PoolMaxAge(proto.pool());
  out->pool.min_idle = (config::MinIdlePerBackend(proto) + workers_ - 1) / workers_;
  out->pool.socket = SocketOf(proto.pool().socket());
  out->proxy_out = ProxyOutOf(proto);
  if (proto.has_tls()) {
    auto tls = std::make_shared<upstream::UpstreamTls>();
    tls->context = tls_.ForUpstream(resource, violations);
    // Never in plain text instead.
    if (tls->context == nullptr) return nullptr;
    tls->handshake_timeout = config::TlsHandshakeTimeout(proto.tls());
    tls->settings = proto.tls().SerializeAsString();
    out->pool.tls = std::move(tls);
  }
  out->pool.http2 = config::Protocol(proto) != v1::UPSTREAM_PROTOCOL_HTTP1;
  out->pool.may_speak_http1 = config::Protocol(proto) == v1::UPSTREAM_PROTOCOL_AUTO;
  for (int i = 0; i < proto.backends_size(); ++i) {
    const v1::Backend& backend = proto.backends(i);
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(backend.address());
    if (!endpoint.ok()) {
      violations.push_back(Refusal(resource, fmt::format("spec.backends[{}].address", i), Message(endpoint.status())));
      return nullptr;
    }
    upstream::BackendConfig config;
    config.address = backend.address();
    config.endpoint = *endpoint;
    config.weight = config::Weight(backend);
    config.active = config::StateOf(backend) == v1::BACKEND_STATE_ACTIVE;
    config.disabled = config::StateOf(backend) == v1::BACKEND_STATE_DISABLED;
    config.health = health_.Get(resource.name(), backend.address());
    config.health->SetTls(out->pool.tls == nullptr ? nullptr : out->pool.tls->context);
    config.health->AwaitProbe(proto.health_check().starts_unhealthy());
    out->backends.push_back(std::move(config));
  }
  FillBalancing(proto, zone_, workers_, *out);
  if (!tells_load_) return out;
  const auto before = upstreams_.find(resource.name());
  if (before != upstreams_.end() && before->second.config) out->load = before->second.config->load;
  if (out->load == nullptr) out->load = std::make_shared<upstream::LoadBoard>();
  for (const upstream::BackendConfig& backend : out->backends) {
    if (backend.active) out->capacity += static_cast<double>(proto.fleet().concurrency()) * backend.weight;
  }
  return out;
}

void SnapshotBuilder::AddRoutes(ListenerConfig& listener, const std::vector<const v1::Resource*>& protos,
                                const std::vector<std::shared_ptr<const router::Route>>& routes) {
  std::vector<std::shared_ptr<const router::Route>> own;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const auto& names = protos[i]->route().listeners();
    if (std::find(names.begin(), names.end(), listener.name) != names.end()) own.push_back(routes[i]);
  }
  // Both are there: connections from before a change of protocol still ask the other one, and find nothing.
  std::vector<std::shared_ptr<const router::Route>> none;
  const bool http = listener.protocol == ListenerProtocol::kHttp;
  listener.routes = std::make_shared<const router::RouteTable>(http ? own : none);
  listener.tunnels = std::make_shared<const router::SniTable>(http ? none : own);
}

void SnapshotBuilder::BuildListeners(const v1::Snapshot& proto, Result& result) {
  std::vector<const v1::Resource*> protos;
  for (const v1::Resource& resource : proto.resources()) {
    if (resource.has_route()) protos.push_back(&resource);
  }
  const std::vector<std::shared_ptr<const router::Route>> routes = routes_.Build(protos, upstream_index_, result.violations);
  result.snapshot->routes_of.assign(result.snapshot->upstreams.size(), 0);
  for (const auto& route : routes) {
    for (const router::Target& target : route->targets) ++result.snapshot->routes_of[target.upstream];
  }
  for (const v1::Resource& resource : proto.resources()) {
    if (!resource.has_listener()) continue;
    const auto port = static_cast<std::uint16_t>(resource.listener().port());
    const absl::StatusOr<Endpoint> endpoint = Endpoint::FromIp(config::Address(resource.listener()), port);
    if (!endpoint.ok()) {
      result.violations.push_back(Refusal(resource, "spec.address", Message(endpoint.status())));
      continue;
    }
    auto listener = std::make_shared<ListenerConfig>(ListenerOf(resource));
    listener->endpoint = *endpoint;
    listener->max_connections = Share(listener->max_connections);
    AddRoutes(*listener, protos, routes);
    if (resource.listener().has_tls()) {
      listener->tls = tls_.ForListener(resource, result.violations);
      // Never in plain text instead.
      if (listener->tls == nullptr) continue;
      listener->max_handshakes = Share(config::MaxHandshakes(resource.listener().tls()));
    }
    result.snapshot->listeners.push_back(std::move(listener));
  }
}

}  // namespace switchyard::agent::snapshot
