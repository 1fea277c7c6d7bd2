#include "agent/report/window_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/report/trouble.h"
#include "common/observe/metric_names.h"

namespace switchyard::agent::report {
namespace {

constexpr double kMicrosPerSecond = 1e6;
constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::string_view kReceived = "received";
constexpr std::string_view kSent = "sent";
constexpr std::array<std::string_view, 3> kPoolStates = {"idle", "busy", "connecting"};
constexpr std::array<std::string_view, 3> kResults = {"succeeded", "server_error", "failed"};

// Upper end of a bucket of the exponential histogram, in seconds.
double UpperEnd(int bucket) { return std::exp2(static_cast<double>(bucket + 1) / (1 << stats::ExponentialHistogram::kScale)) / kMicrosPerSecond; }

void AddHistogram(const observe::MetricDef& metric, observe::LabelValues labels, const stats::ExponentialHistogram& from, observe::Metrics& metrics) {
  if (from.count() == 0) return;
  std::vector<std::uint64_t> counts(metric.buckets.size() + 1);
  counts[0] = from.zero_count();
  for (int bucket = from.first(); bucket < from.last(); ++bucket) {
    // Half a bucket of slack, so that a bound that is also a bucket's end counts on its own side.
    const auto bound = std::lower_bound(metric.buckets.begin(), metric.buckets.end(), UpperEnd(bucket) * (1 - 1e-9));
    counts[static_cast<std::size_t>(bound - metric.buckets.begin())] += from.at(bucket);
  }
  metrics.ObserveMany(metric, labels, counts, static_cast<double>(from.sum()) / kMicrosPerSecond);
}

void AddIfAny(observe::Metrics& metrics, const observe::MetricDef& metric, observe::LabelValues labels, std::uint64_t count) {
  if (count > 0) metrics.Add(metric, labels, static_cast<double>(count));
}

void AddRoute(const std::string& name, const RouteCounts& requests, observe::Metrics& metrics) {
  for (std::size_t i = 0; i < kClasses.size(); ++i) AddIfAny(metrics, observe::kRouteRequests, {name, kClasses[i]}, requests.by_class[i]);
  std::array<std::uint64_t, observe::kLatencyBuckets.size() + 1> took{};
  std::copy(requests.took.begin(), requests.took.end(), took.begin());
  metrics.ObserveMany(observe::kRouteSeconds, {name}, took, static_cast<double>(requests.took_sum_us) / kMicrosPerSecond);
}

void AddListener(const std::string& name, const ListenerWindow& window, observe::Metrics& metrics) {
  for (std::size_t i = 0; i < kClasses.size(); ++i) AddIfAny(metrics, observe::kRequests, {name, kClasses[i]}, window.by_class[i]);
  for (const CauseInfo& info : AllCauses()) {
    if (info.cause != Cause::kNone) AddIfAny(metrics, observe::kRequestCauses, {name, info.name}, window.causes[CauseIndex(info.cause)]);
  }
  AddIfAny(metrics, observe::kTlsHandshakes, {name, "full"}, window.tls_full);
  AddIfAny(metrics, observe::kTlsHandshakes, {name, "resumed"}, window.tls_resumed);
  AddHistogram(observe::kRequestSeconds, {name}, window.duration, metrics);
  for (const RouteWindow& route : window.routes) AddRoute(route.name, route.counts, metrics);
  AddIfAny(metrics, observe::kConnections, {name}, window.connections);
  AddIfAny(metrics, observe::kTunnelBytes, {name, kReceived}, window.received_bytes);
  AddIfAny(metrics, observe::kTunnelBytes, {name, kSent}, window.sent_bytes);
  metrics.Set(observe::kOpenConnections, {name}, window.open_connections);
}

void AddUpstream(const std::string& name, const std::unordered_map<std::string, BackendWindow>& backends, observe::Metrics& metrics) {
  BackendWindow sum;
  for (const auto& [address, backend] : backends) {
    std::uint64_t failed = 0;
    for (std::size_t i = 0; i < kCauseCount; ++i) {
      failed += backend.failures[i];
      sum.failures[i] += backend.failures[i];
    }
    AddIfAny(metrics, observe::kAttempts, {name, address, kResults[0]}, backend.succeeded);
    AddIfAny(metrics, observe::kAttempts, {name, address, kResults[1]}, backend.server_errors);
    AddIfAny(metrics, observe::kAttempts, {name, address, kResults[2]}, failed);
    AddHistogram(observe::kBackendSeconds, {name, address}, backend.latency, metrics);
    AddIfAny(metrics, observe::kBreakerOpened, {name, address}, backend.breaker_opened);
    AddIfAny(metrics, observe::kEjections, {name, address}, backend.ejections);
    for (std::size_t i = 0; i < sum.breakers.size(); ++i) sum.breakers[i] += backend.breakers[i];
    for (const auto& [route, trouble] : backend.routes) {
      for (std::size_t i = 0; i < sum.breakers.size(); ++i) sum.breakers[i] += trouble.breakers[i];
    }
    sum.routes_refused += backend.routes_refused;
    sum.ejected += backend.ejected;
    sum.response_bytes += backend.response_bytes;
    sum.request_bytes += backend.request_bytes;
    sum.in_flight += backend.in_flight;
    sum.connections += backend.connections;
    sum.idle += backend.idle;
    sum.connecting += backend.connecting;
    sum.waiting += backend.waiting;
    sum.pool_exhausted += backend.pool_exhausted;
    sum.latency.Merge(backend.latency);
  }
  for (const CauseInfo& info : AllCauses()) {
    AddIfAny(metrics, observe::kAttemptFailures, {name, info.name}, sum.failures[CauseIndex(info.cause)]);
  }
  AddHistogram(observe::kAttemptSeconds, {name}, sum.latency, metrics);
  AddIfAny(metrics, observe::kUpstreamBytes, {name}, sum.response_bytes);
  AddIfAny(metrics, observe::kUpstreamRequestBytes, {name}, sum.request_bytes);
  metrics.Set(observe::kUpstreamInFlight, {name}, sum.in_flight);
  metrics.Set(observe::kUpstreamConnections, {name}, sum.connections);
  const std::uint32_t busy = sum.connections - std::min(sum.connections, sum.idle + sum.connecting);
  metrics.Set(observe::kPoolConnections, {name, kPoolStates[0]}, sum.idle);
  metrics.Set(observe::kPoolConnections, {name, kPoolStates[1]}, busy);
  metrics.Set(observe::kPoolConnections, {name, kPoolStates[2]}, sum.connecting);
  metrics.Set(observe::kPoolWaiting, {name}, sum.waiting);
  AddIfAny(metrics, observe::kPoolExhausted, {name}, sum.pool_exhausted);
  for (std::size_t i = 0; i < kBreakerStates.size(); ++i) metrics.Set(observe::kBreakers, {name, kBreakerStates[i]}, sum.breakers[i]);
  metrics.Set(observe::kEjected, {name}, sum.ejected);
  AddIfAny(metrics, observe::kRoutesRefused, {name}, sum.routes_refused);
}

struct Names {
  std::set<std::string> listeners;
  std::set<std::string> routes;
  std::set<std::string> upstreams;
  std::set<std::pair<std::string, std::string>> backends;
};

Names NamesIn(const v1::Snapshot& snapshot) {
  Names names;
  for (const v1::Resource& resource : snapshot.resources()) {
    if (resource.has_route()) names.routes.insert(resource.name());
    if (resource.has_listener()) names.listeners.insert(resource.name());
    if (!resource.has_upstream()) continue;
    names.upstreams.insert(resource.name());
    for (const v1::Backend& backend : resource.upstream().backends()) names.backends.emplace(resource.name(), backend.address());
  }
  return names;
}

void ForgetListener(const std::string& name, observe::Metrics& metrics) {
  for (const std::string_view one : kClasses) metrics.Remove(observe::kRequests, {name, one});
  for (const CauseInfo& info : AllCauses()) metrics.Remove(observe::kRequestCauses, {name, info.name});
  for (const std::string_view one : {"full", "resumed"}) metrics.Remove(observe::kTlsHandshakes, {name, one});
  metrics.Remove(observe::kRequestSeconds, {name});
  metrics.Remove(observe::kConnections, {name});
  for (const std::string_view direction : {kReceived, kSent}) metrics.Remove(observe::kTunnelBytes, {name, direction});
}

void ForgetUpstream(const std::string& name, observe::Metrics& metrics) {
  for (const CauseInfo& info : AllCauses()) metrics.Remove(observe::kAttemptFailures, {name, info.name});
  for (const std::string_view result : {"ok", "failed"}) metrics.Remove(observe::kProbes, {name, result});
  metrics.Remove(observe::kAttemptSeconds, {name});
  metrics.Remove(observe::kUpstreamBytes, {name});
  metrics.Remove(observe::kUpstreamRequestBytes, {name});
  metrics.Remove(observe::kPoolExhausted, {name});
  metrics.Remove(observe::kRoutesRefused, {name});
}

}  // namespace

void ForgetGone(const v1::Snapshot& before, const v1::Snapshot& now, observe::Metrics& metrics) {
  const Names old_names = NamesIn(before);
  const Names names = NamesIn(now);
  for (const std::string& name : old_names.listeners) {
    if (!names.listeners.contains(name)) ForgetListener(name, metrics);
  }
  for (const std::string& name : old_names.routes) {
    if (names.routes.contains(name)) continue;
    for (const std::string_view one : kClasses) metrics.Remove(observe::kRouteRequests, {name, one});
    metrics.Remove(observe::kRouteSeconds, {name});
  }
  for (const std::string& name : old_names.upstreams) {
    if (!names.upstreams.contains(name)) ForgetUpstream(name, metrics);
  }
  for (const auto& backend : old_names.backends) {
    if (names.backends.contains(backend)) continue;
    for (const std::string_view result : kResults) metrics.Remove(observe::kAttempts, {backend.first, backend.second, result});
    metrics.Remove(observe::kBackendSeconds, {backend.first, backend.second});
    metrics.Remove(observe::kBreakerOpened, {backend.first, backend.second});
    metrics.Remove(observe::kEjections, {backend.first, backend.second});
  }
}

void AddToMetrics(const Window& window, observe::Metrics& metrics) {
  for (const auto& gauge :
       {observe::kOpenConnections, observe::kUpstreamInFlight, observe::kUpstreamConnections, observe::kPoolConnections, observe::kPoolWaiting,
        observe::kBreakers, observe::kEjected}) {
    metrics.Clear(gauge);
  }
  for (const auto& [name, listener] : window.listeners) AddListener(name, listener, metrics);
  for (const auto& [name, backends] : window.backends) AddUpstream(name, backends, metrics);
  for (const auto& [worker, took] : window.turns) AddHistogram(observe::kLoopLag, {std::to_string(worker)}, took, metrics);
}

}  // namespace switchyard::agent::report
