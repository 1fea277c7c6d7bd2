// Window: what one worker saw since it was last asked. The data path writes it; the reporter merges the windows of all workers.
//
// Each worker owns one Window and is its only writer. To collect, the reporter asks the worker (by its inbox, see agent/runtime), which
// moves its window into the answer on its own thread: no lock and no shared counter on the request path.
// Thread-safety: one owner at a time. Cost: recording is array increments; new keys allocate once.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/report/route_traffic.h"
#include "agent/report/troubled_routes.h"
#include "common/base/cause.h"
#include "common/stats/exponential_histogram.h"

namespace switchyard::agent::report {

// The breakers of one route at one backend that are not closed.
struct RouteTrouble {
  std::array<std::uint32_t, 4> breakers{};  // workers by state
  std::string reason;
};

// One backend of one upstream.
struct BackendWindow {
  std::uint64_t succeeded = 0;      // attempts that ended with a head of status < 500
  std::uint64_t server_errors = 0;  // status >= 500
  std::array<std::uint64_t, kCauseCount> failures{};  // by CauseIndex
  std::uint64_t response_bytes = 0;
  std::uint64_t request_bytes = 0;  // of tunnels
  std::uint32_t in_flight = 0;    // gauge
  std::uint32_t connections = 0;  // gauge
  std::uint32_t idle = 0;         // gauge: of those, without a request
  std::uint32_t connecting = 0;   // gauge: of those, in the making
  std::uint32_t waiting = 0;      // gauge: requests that wait for one
  std::uint64_t pool_exhausted = 0;  // requests and tunnels refused for want of one
  std::array<std::uint32_t, 4> breakers{};  // gauge: workers by state of their breaker: closed, soft, open, half_open
  std::uint32_t ejected = 0;                // gauge: workers whose outlier detection has it out
  std::map<std::string, RouteTrouble> routes;  // by name; gauges
  std::uint64_t breaker_opened = 0;         // those of routes as well
  std::uint64_t routes_refused = 0;         // failures of routes that there was no place for
  std::uint64_t ejections = 0;
  std::string reason;  // why it is not simply closed, from one of the workers that say so
  std::uint64_t load_samples = 0;  // responses with which it told its utilisation, and the sum of that
  double load_sum = 0;
  stats::ExponentialHistogram latency;
  RouteLatencies latency_of_routes;  // of that, what routes with trouble saw
};

// One listener.
struct ListenerWindow {
  std::array<std::uint64_t, 5> by_class{};  // 1xx .. 5xx
  std::array<std::uint64_t, kCauseCount> causes{};
  stats::ExponentialHistogram duration;
  std::uint64_t connections = 0;     // accepted
  std::uint64_t received_bytes = 0;  // of tunnels
  std::uint64_t sent_bytes = 0;
  std::uint32_t open_connections = 0;  // gauge
  std::uint64_t tls_full = 0;          // handshakes that succeeded
  std::uint64_t tls_resumed = 0;       // those that resumed a session
  // Those that had a request; one entry of each worker that saw it.
  std::vector<RouteWindow> routes;
};

struct Window {
  // upstream name -> backend address -> counts
  std::unordered_map<std::string, std::unordered_map<std::string, BackendWindow>> backends;
  std::unordered_map<std::string, ListenerWindow> listeners;
  // By number of the worker: how long the turns of its loop took.
  std::map<unsigned, stats::ExponentialHistogram> turns;

  // Adds `other`: counts and gauges add up (each worker has its own share of connections and requests under way).
  void Merge(const Window& other);
};

}  // namespace switchyard::agent::report
