// UpstreamConfig: the immutable, effective form of `switchyard.v1.Upstream` for the data path; defaults are filled in.
//
// Thread-safety: immutable, shared by all workers. Caps are per worker (the agent's cap divided by its workers, at least one).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/balancer/balancer.h"
#include "agent/health/health_table.h"
#include "agent/upstream/dial.h"
#include "common/base/clock.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::upstream {

struct BackendConfig {
  std::string address;
  Endpoint endpoint;
  std::uint32_t weight = 1;
  bool active = true;     // takes new requests as far as health allows
  bool disabled = false;  // idle connections are closed
  std::shared_ptr<health::BackendHealth> health;
};

struct PoolLimits {
  std::uint32_t max_connections = 1024;
  std::uint32_t max_idle = 128;
  std::uint32_t max_pending = 1024;
  std::uint32_t max_requests_per_connection = 0;
  Duration idle_timeout{};
  Duration pending_timeout{};
  Duration connect_timeout{};
  // Null: plain text.
  std::shared_ptr<const UpstreamTls> tls;
  bool http2 = false;  // prior knowledge
};

struct UpstreamConfig {
  std::string name;
  std::vector<BackendConfig> backends;
  balancer::Kind balancer = balancer::Kind::kLeastRequest;
  PoolLimits pool;
};

}  // namespace switchyard::agent::upstream
