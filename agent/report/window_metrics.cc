#include "agent/report/window_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/observe/metric_names.h"

namespace switchyard::agent::report {
namespace {

constexpr double kMicrosPerSecond = 1e6;
constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};

// Upper end of a bucket of the exponential histogram, in seconds.
double UpperEnd(int bucket) { return std::exp2(static_cast<double>(bucket + 1) / (1 << stats::ExponentialHistogram::kScale)) / kMicrosPerSecond; }

void AddHistogram(const observe::MetricDef& metric, const std::string& label, const stats::ExponentialHistogram& from, observe::Metrics& metrics) {
  if (from.count() == 0) return;
  std::vector<std::uint64_t> counts(metric.buckets.size() + 1);
  counts[0] = from.zero_count();
  for (int bucket = from.first(); bucket < from.last(); ++bucket) {
    // Half a bucket of slack, so that a bound that is also a bucket's end counts on its own side.
    const auto bound = std::lower_bound(metric.buckets.begin(), metric.buckets.end(), UpperEnd(bucket) * (1 - 1e-9));
    counts[static_cast<std::size_t>(bound - metric.buckets.begin())] += from.at(bucket);
  }
  metrics.ObserveMany(metric, {label}, counts, static_cast<double>(from.sum()) / kMicrosPerSecond);
}

void AddIfAny(observe::Metrics& metrics, const observe::MetricDef& metric, observe::LabelValues labels, std::uint64_t count) {
  if (count > 0) metrics.Add(metric, labels, static_cast<double>(count));
}

void AddListener(const std::string& name, const ListenerWindow& window, observe::Metrics& metrics) {
  for (std::size_t i = 0; i < kClasses.size(); ++i) AddIfAny(metrics, observe::kRequests, {name, kClasses[i]}, window.by_class[i]);
  for (const CauseInfo& info : AllCauses()) {
    if (info.cause != Cause::kNone) AddIfAny(metrics, observe::kRequestCauses, {name, info.name}, window.causes[CauseIndex(info.cause)]);
  }
  AddHistogram(observe::kRequestSeconds, name, window.duration, metrics);
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
    AddIfAny(metrics, observe::kAttempts, {name, address, "succeeded"}, backend.succeeded);
    AddIfAny(metrics, observe::kAttempts, {name, address, "server_error"}, backend.server_errors);
    AddIfAny(metrics, observe::kAttempts, {name, address, "failed"}, failed);
    sum.response_bytes += backend.response_bytes;
    sum.in_flight += backend.in_flight;
    sum.connections += backend.connections;
    sum.latency.Merge(backend.latency);
  }
  for (const CauseInfo& info : AllCauses()) {
    AddIfAny(metrics, observe::kAttemptFailures, {name, info.name}, sum.failures[CauseIndex(info.cause)]);
  }
  AddHistogram(observe::kAttemptSeconds, name, sum.latency, metrics);
  AddIfAny(metrics, observe::kUpstreamBytes, {name}, sum.response_bytes);
  metrics.Set(observe::kUpstreamInFlight, {name}, sum.in_flight);
  metrics.Set(observe::kUpstreamConnections, {name}, sum.connections);
}

}  // namespace

void AddToMetrics(const Window& window, observe::Metrics& metrics) {
  for (const auto& gauge : {observe::kOpenConnections, observe::kUpstreamInFlight, observe::kUpstreamConnections}) metrics.Clear(gauge);
  for (const auto& [name, listener] : window.listeners) AddListener(name, listener, metrics);
  for (const auto& [name, backends] : window.backends) AddUpstream(name, backends, metrics);
}

}  // namespace switchyard::agent::report
