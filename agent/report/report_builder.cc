#include "agent/report/report_builder.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/report/trouble.h"

namespace switchyard::agent::report {
namespace {

void Write(const stats::ExponentialHistogram& from, v1::Histogram& to) {
  to.set_scale(stats::ExponentialHistogram::kScale);
  to.set_zero_count(from.zero_count());
  to.set_sum(from.sum());
  to.set_offset(from.first());
  to.mutable_counts()->Reserve(from.last() - from.first());
  for (int bucket = from.first(); bucket < from.last(); ++bucket) to.add_counts(from.at(bucket));
}

void Write(const CoarseLatency& from, v1::Histogram& to) {
  const auto used = [](std::uint32_t count) { return count > 0; };
  const auto first = std::find_if(from.counts.begin(), from.counts.end(), used);
  const auto last = std::find_if(from.counts.rbegin(), from.counts.rend(), used).base();
  to.set_scale(CoarseLatency::kScale);
  to.set_offset(static_cast<std::int32_t>(first - from.counts.begin()));
  for (auto at = first; at < last; ++at) to.add_counts(*at);
}

void WriteCauses(const std::array<std::uint64_t, kCauseCount>& counts, google::protobuf::RepeatedPtrField<v1::CauseCount>& to) {
  for (const CauseInfo& info : AllCauses()) {
    const std::uint64_t count = counts[CauseIndex(info.cause)];
    if (info.cause == Cause::kNone || count == 0) continue;
    v1::CauseCount& one = *to.Add();
    one.set_cause(static_cast<v1::Cause>(info.cause));
    one.set_count(count);
  }
}

// Those with the smallest ids, where there are too many: another choice each time would tell of each too little.
void WriteRoutes(const RouteLatencies& from, std::size_t& left, v1::BackendReport& to) {
  for (const auto& [route, latency] : from) {
    if (left == 0 || static_cast<std::size_t>(to.routes_size()) >= TroubledRoutes::kMost) return;
    --left;
    v1::RouteLatency& row = *to.add_routes();
    row.set_route(route);
    Write(latency, *row.mutable_latency());
  }
}

void Write(const BackendWindow& from, std::size_t& routes_left, v1::BackendReport& to) {
  to.set_succeeded(from.succeeded);
  to.set_server_errors(from.server_errors);
  WriteCauses(from.failures, *to.mutable_failures());
  to.set_in_flight(from.in_flight);
  to.set_connections(from.connections);
  to.set_response_bytes(from.response_bytes);
  to.set_request_bytes(from.request_bytes);
  if (from.latency.count() > 0) Write(from.latency, *to.mutable_latency());
  WriteRoutes(from.latency_of_routes, routes_left, to);
  if (from.load_samples == 0) return;
  to.mutable_load()->set_samples(from.load_samples);
  to.mutable_load()->set_utilization(from.load_sum / static_cast<double>(from.load_samples));
}

void Write(const std::string& name, const ListenerWindow& from, v1::ListenerReport& to) {
  to.set_listener(name);
  for (const std::uint64_t count : from.by_class) to.add_by_class(count);
  WriteCauses(from.causes, *to.mutable_causes());
  to.set_connections(from.connections);
  to.set_received_bytes(from.received_bytes);
  to.set_sent_bytes(from.sent_bytes);
  if (from.duration.count() > 0) Write(from.duration, *to.mutable_duration());
}

void WriteBreakers(const Window& window, v1::Report& report) {
  Troubles troubles = TroubleIn(window, kMaxReportedBreakers);
  for (BackendTrouble& trouble : troubles.rows) {
    v1::BreakerReport& row = *report.add_breakers();
    row.set_upstream(std::move(trouble.upstream));
    row.set_backend(std::move(trouble.address));
    row.set_route(std::move(trouble.route));
    row.set_soft(trouble.breakers[1]);
    row.set_open(trouble.breakers[2]);
    row.set_half_open(trouble.breakers[3]);
    row.set_ejected(trouble.ejected);
    row.set_reason(std::move(trouble.reason));
  }
  report.set_dropped_breakers(static_cast<std::uint32_t>(troubles.left_out));
}

// Hands out rows up to the bound.
class Rows {
 public:
  explicit Rows(v1::Report& report) : report_(report) {}

  // The row of this backend; null past the bound.
  v1::BackendReport* Row(const std::string& upstream, const std::string& address) {
    const auto [slot, made] = rows_.try_emplace({upstream, address}, nullptr);
    if (!made) return slot->second;
    if (report_.backends_size() >= kMaxReportedBackends) {
      report_.set_dropped_backends(report_.dropped_backends() + 1);
      return nullptr;
    }
    slot->second = report_.add_backends();
    slot->second->set_upstream(upstream);
    slot->second->set_backend(address);
    return slot->second;
  }

 private:
  v1::Report& report_;
  std::map<std::pair<std::string, std::string>, v1::BackendReport*> rows_;
};

void SetTimes(const ReportFacts& facts, v1::Report& report) {
  const auto end = facts.end.time_since_epoch().count();
  report.mutable_end()->set_seconds(end / 1'000'000'000);
  report.mutable_end()->set_nanos(static_cast<std::int32_t>(end % 1'000'000'000));
  report.mutable_length()->set_seconds(facts.length.count() / 1'000'000'000);
  report.mutable_length()->set_nanos(static_cast<std::int32_t>(facts.length.count() % 1'000'000'000));
}

}  // namespace

v1::Health ToWire(health::HealthState state) {
  switch (state) {
    case health::HealthState::kUnknown: return v1::HEALTH_UNSPECIFIED;
    case health::HealthState::kHealthy: return v1::HEALTH_HEALTHY;
    case health::HealthState::kUnhealthy: return v1::HEALTH_UNHEALTHY;
  }
  return v1::HEALTH_UNSPECIFIED;
}

v1::Report BuildReport(const Window& window, const ReportFacts& facts, const HealthFacts& health) {
  v1::Report report;
  report.set_sequence(facts.sequence);
  SetTimes(facts, report);
  report.set_resident_bytes(facts.resident_bytes);
  Rows rows(report);
  std::size_t routes_left = kMaxReportedRoutes;
  for (const auto& [upstream, backends] : window.backends) {
    for (const auto& [address, backend] : backends) {
      if (v1::BackendReport* row = rows.Row(upstream, address)) Write(backend, routes_left, *row);
    }
  }
  health([&rows](const std::string& upstream, const std::string& address, health::HealthState state) {
    if (v1::BackendReport* row = rows.Row(upstream, address)) row->set_health(ToWire(state));
  });
  WriteBreakers(window, report);
  std::uint32_t open = 0;
  for (const auto& [name, listener] : window.listeners) {
    Write(name, listener, *report.add_listeners());
    open += listener.open_connections;
  }
  report.set_open_connections(open);
  return report;
}

}  // namespace switchyard::agent::report
