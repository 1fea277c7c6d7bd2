// UpstreamConfig: the immutable, effective form of `switchyard.v1.Upstream` for the data path; defaults are filled in.
//
// Thread-safety: immutable, shared by all workers. Caps are per worker (the agent's cap divided by its workers, at least one).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/balancer/picker.h"
#include "agent/health/health_table.h"
#include "agent/loop/socket_options.h"
#include "agent/upstream/affinity.h"
#include "agent/upstream/dial.h"
#include "agent/upstream/load_board.h"
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

// The PROXY protocol towards backends.
enum class ProxyOut : std::uint8_t { kNone, kV1, kV2 };

struct PoolLimits {
  std::uint32_t max_connections = 1024;
  std::uint32_t max_idle = 128;
  std::uint32_t max_pending = 1024;
  std::uint32_t max_requests_per_connection = 0;
  Duration idle_timeout{};
  Duration pending_timeout{};
  Duration connect_timeout{};
  std::uint32_t min_idle = 0;
  Duration max_age{};  // zero: no limit
  loop::SocketOptions socket;
  // Null: plain text.
  std::shared_ptr<const UpstreamTls> tls;
  bool http2 = false;  // in plain text by prior knowledge
  // With http2 and TLS: a backend may choose HTTP/1.1 instead.
  bool may_speak_http1 = false;
};

// See `switchyard.v1.Retry`.
struct RetryPolicy {
  enum Condition : std::uint8_t {
    kConnectFailure = 1,
    kRefusedStream = 2,
    kReset = 4,
    kGatewayError = 8,
    kServerError = 16,
    kAttemptTimeout = 32,
  };
  std::uint32_t max_attempts = 3;
  std::uint8_t conditions = 0;
  double budget = 0.2;          // share of requests
  double min_per_second = 10;   // of one worker
  Duration per_try_timeout{};   // 0: none
  bool non_idempotent = false;
  Duration base_backoff{};
  Duration max_backoff{};
  bool Has(Condition condition) const { return (conditions & condition) != 0; }
};

struct UpstreamConfig {
  std::string name;
  std::vector<BackendConfig> backends;
  // Its members are `backends` in order.
  std::shared_ptr<const balancer::PickerPolicy> picking;
  std::vector<HashSource> hash_sources;  // of hash balancers
  std::optional<StickyPolicy> sticky;
  std::unordered_map<std::uint64_t, std::uint32_t> sessions;  // session id -> backend, when sticky
  PoolLimits pool;
  ProxyOut proxy_out = ProxyOut::kNone;
  std::optional<RetryPolicy> retry;
  // Of one worker: attempts under way, and those of them that are not their request's first.
  std::uint32_t max_requests = 100'000;
  std::uint32_t max_retries = 1'000;
  // Shared by all workers and from one configuration to the next. Null: no listener tells the load.
  std::shared_ptr<LoadBoard> load;
  double capacity = 0;  // requests in flight that use it up; 0: not known
};

}  // namespace switchyard::agent::upstream
