// AgentSnapshot: the compiled form of `switchyard.v1.Snapshot` that all workers serve from.
//
// Thread-safety: immutable after building; shared by all workers. Built by snapshot_builder.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/access_log/terms.h"
#include "agent/codec/h1_parser.h"
#include "agent/codec/h2_meter.h"
#include "agent/codec/h2_types.h"
#include "agent/loop/socket_options.h"
#include "agent/router/route_table.h"
#include "agent/router/sni_table.h"
#include "agent/tls/server_context.h"
#include "agent/upstream/upstream_config.h"
#include "common/base/clock.h"
#include "common/base/endpoint.h"
#include "common/rules/network.h"

namespace switchyard::agent::snapshot {

enum class ForwardedMode : std::uint8_t { kReplace, kAppend, kKeep };

enum class ListenerProtocol : std::uint8_t { kHttp, kTcp, kTlsPassthrough };

// The PROXY protocol of whoever is in front.
struct ProxyIn {
  bool required = false;
  std::vector<rules::Network> trusted;
  Duration timeout{};
};

struct TcpLimits {
  Duration hello_timeout{};
  Duration max_duration{};  // zero: none
};

// What the first bytes of a connection may be.
enum class HttpVersions : std::uint8_t { kHttp1, kBoth, kHttp2 };
enum class RequestIdMode : std::uint8_t { kKeep, kEnsure, kReplace };

// A listener with its defaults filled in.
struct ListenerConfig {
  std::string name;
  Endpoint endpoint;
  ListenerProtocol protocol = ListenerProtocol::kHttp;
  ProxyIn proxy_in;
  TcpLimits tcp;
  loop::SocketOptions socket;
  codec::HeadLimits head_limits;
  std::uint64_t max_body_bytes = 0;
  Duration head_timeout{};
  Duration keep_alive_timeout{};
  Duration body_idle_timeout{};
  std::uint32_t max_connections = 0;  // of one worker
  std::uint32_t max_requests_per_connection = 0;
  ForwardedMode forwarded = ForwardedMode::kReplace;
  std::string via;
  HttpVersions versions = HttpVersions::kBoth;
  codec::H2Settings http2;
  codec::H2Limits http2_limits;
  Duration stall_timeout{};
  RequestIdMode request_id = RequestIdMode::kKeep;
  bool tell_load = false;
  // Never null; empty where the protocol is another.
  std::shared_ptr<const router::RouteTable> routes;
  std::shared_ptr<const router::SniTable> tunnels;
  // Null: plain text.
  std::shared_ptr<const tls::ServerContext> tls;
  std::uint32_t max_handshakes = 0;  // of one worker
  access_log::Terms access_log;
};

struct AgentSnapshot {
  std::uint64_t generation = 0;
  std::vector<std::shared_ptr<const ListenerConfig>> listeners;
  // Routes name upstreams by position here.
  std::vector<std::shared_ptr<const upstream::UpstreamConfig>> upstreams;
  // By upstream: how many routes forward to it.
  std::vector<std::uint32_t> routes_of;
};

}  // namespace switchyard::agent::snapshot
