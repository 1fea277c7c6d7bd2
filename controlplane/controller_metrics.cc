#include "controlplane/controller_metrics.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "common/config/secret_expiry.h"
#include "common/observe/metric_names.h"
#include "common/observe/resident_memory.h"

namespace switchyard::controlplane {
namespace {

using observe::MetricDef;
using observe::MetricKind;

constexpr MetricDef kGeneration{"switchyard_controller_generation", "Newest committed generation; 0: none yet.", MetricKind::kGauge};
constexpr MetricDef kResources{"switchyard_controller_resources", "Resources in the newest generation.", MetricKind::kGauge};
constexpr MetricDef kAgents{"switchyard_controller_agents", "Agents that the controller knows, by state: connected, disconnected.",
                            MetricKind::kGauge, {"state"}};
constexpr MetricDef kAgentsBehind{"switchyard_controller_agents_behind",
                                  "Connected agents that do not serve all of the newest generation: pending, quarantined, rejected.",
                                  MetricKind::kGauge, {"state"}};
constexpr MetricDef kRefused{"switchyard_controller_refused_total", "Callers refused at the door, by reason.", MetricKind::kCounter, {"reason"}};
constexpr MetricDef kReports{"switchyard_controller_reports_total",
                             "Reports of agents, by result: accepted, duplicate, skewed (accepted; the agent's clock is off).",
                             MetricKind::kCounter, {"result"}};
constexpr MetricDef kReportRows{"switchyard_controller_report_rows_lost_total",
                                "Parts of reports left out, by reason: malformed, bound.", MetricKind::kCounter, {"reason"}};

constexpr MetricDef kVerdicts{"switchyard_controller_backends", "Backends by the fleet's verdict: good, soft, ejected, returning, forced_out, forced_in.",
                              MetricKind::kGauge, {"verdict"}};
constexpr MetricDef kBackendVerdict{"switchyard_controller_backend_verdict",
                                    "1 for the fleet's verdict on a backend, where it is not good: soft, ejected, returning, forced_out, forced_in.",
                                    MetricKind::kGauge, {"upstream", "backend", "verdict"}, 2000};
constexpr MetricDef kBackendWeight{"switchyard_controller_backend_weight_ratio",
                                   "What a backend gets of its configured weight, where it is not just that (then there is no series).",
                                   MetricKind::kGauge, {"upstream", "backend"}, 6000};
constexpr MetricDef kEjections{"switchyard_controller_ejections_total", "Backends ejected by the evidence of the fleet.", MetricKind::kCounter};
constexpr MetricDef kEvidence{"switchyard_controller_evidence_total",
                              "Evidence of agents, by result: accepted, duplicate, malformed (records), bound (left out).", MetricKind::kCounter, {"result"}};

constexpr MetricDef kAgentsSilent{"switchyard_controller_agents_silent", "Connected agents without a report for 10 s.", MetricKind::kGauge};
constexpr MetricDef kHistoryBytes{"switchyard_controller_history_bytes", "Size of the history of figures on disk.", MetricKind::kGauge};
constexpr MetricDef kHistoryCap{"switchyard_controller_history_cap_bytes", "What the history of figures may take at most.", MetricKind::kGauge};
constexpr MetricDef kHistoryFailures{"switchyard_controller_history_failures_total", "Writes of the history of figures that failed.", MetricKind::kCounter};

constexpr MetricDef kLogins{"switchyard_controller_dashboard_sessions", "Sessions of people on the dashboard that have not ended.", MetricKind::kGauge};

constexpr Duration kSilence = std::chrono::seconds(10);
constexpr MetricDef kFound{"switchyard_controller_kubernetes_backends", "Backends found in Kubernetes, by upstream.", MetricKind::kGauge, {"upstream"}};
constexpr MetricDef kFoundFailing{"switchyard_controller_kubernetes_failing", "1 while endpoints of this namespace cannot be listed or watched.",
                                  MetricKind::kGauge, {"namespace"}};
constexpr MetricDef kFoundRequests{"switchyard_controller_kubernetes_requests_total", "Requests to the API server of Kubernetes, by result: ok, failed.",
                                   MetricKind::kCounter, {"result"}};

// Less is no difference that anybody would act on.
constexpr double kToldFrom = 0.005;

// Empty: good, which needs no series.
std::string_view VerdictWord(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_SOFT: return "soft";
    case v1::VERDICT_EJECTED: return "ejected";
    case v1::VERDICT_RETURNING: return "returning";
    case v1::VERDICT_FORCED_OUT: return "forced_out";
    case v1::VERDICT_FORCED_IN: return "forced_in";
    default: return "";
  }
}

struct Standings {
  double silent = 0;
  double pending = 0;
  double quarantined = 0;
  double rejected = 0;
};

Standings Count(const stream::SessionRegistry& registry, std::uint64_t generation, WallTime now) {
  Standings standings;
  for (const auto& agent : registry.List("", SIZE_MAX)) {
    if (!agent.connected) continue;
    const WallTime heard = std::max(agent.facts.since, agent.facts.last_report.value_or(agent.facts.since));
    if (now - heard > kSilence) ++standings.silent;
    switch (stream::StandingOf(agent.facts, generation)) {
      case stream::Standing::kPending:
        ++standings.pending;
        break;
      case stream::Standing::kQuarantined:
        ++standings.quarantined;
        break;
      case stream::Standing::kRejected:
        ++standings.rejected;
        break;
      case stream::Standing::kApplied:
        break;
    }
  }
  return standings;
}

}  // namespace

ControllerMetrics::ControllerMetrics(const MetricSources& sources, const std::string& version, WallTime started)
    : sources_(sources), metrics_(*sources.metrics) {
  metrics_.Set(observe::kBuildInfo, {"yard-controller", version}, 1);
  metrics_.Set(observe::kStartTime, std::chrono::duration<double>(started.time_since_epoch()).count());
}

std::string ControllerMetrics::Scrape() {
  const auto catalog = sources_.store->Read();
  const auto counts = sources_.registry->counts();
  const Standings standings = Count(*sources_.registry, catalog->generation, sources_.clock->WallNow());
  metrics_.Set(observe::kResidentBytes, static_cast<double>(observe::ResidentBytes()));
  metrics_.Set(kGeneration, static_cast<double>(catalog->generation));
  metrics_.Set(kResources, static_cast<double>(catalog->resources.size()));
  metrics_.Set(kAgents, {"connected"}, static_cast<double>(counts.connected));
  metrics_.Set(kAgents, {"disconnected"}, static_cast<double>(counts.known - counts.connected));
  metrics_.Set(kAgentsBehind, {"pending"}, standings.pending);
  metrics_.Set(kAgentsBehind, {"quarantined"}, standings.quarantined);
  metrics_.Set(kAgentsBehind, {"rejected"}, standings.rejected);
  metrics_.Set(kAgentsSilent, standings.silent);
  AddHistory();
  metrics_.Set(kLogins, static_cast<double>(sources_.logins->size()));
  metrics_.Clear(observe::kTlsCertificateExpiry);
  for (const auto& [key, resource] : catalog->resources) {
    if (!resource->has_secret()) continue;
    const auto end = config::EarliestEnd(resource->secret());
    if (end) metrics_.Set(observe::kTlsCertificateExpiry, {key.second}, std::chrono::duration<double>(*end - sources_.clock->WallNow()).count());
  }
  for (std::size_t i = 0; i < identity::kRefusalCount; ++i) {
    const auto refusal = static_cast<identity::Refusal>(i);
    Raise(kRefused, identity::RefusalName(refusal), sources_.refusals->Count(refusal));
  }
  const auto reports = sources_.aggregator->counters();
  Raise(kReports, "accepted", reports.accepted);
  Raise(kReports, "duplicate", reports.duplicates);
  Raise(kReports, "skewed", reports.skewed);
  Raise(kReportRows, "malformed", reports.malformed);
  Raise(kReportRows, "bound", reports.dropped);
  AddFleet();
  AddKubernetes();
  return metrics_.Expose();
}

void ControllerMetrics::AddHistory() {
  metrics_.Set(kHistoryBytes, static_cast<double>(sources_.recorder->ring().bytes()));
  metrics_.Set(kHistoryCap, static_cast<double>(sources_.recorder->ring().cap_bytes()));
  Raise(kHistoryFailures, sources_.recorder->failures());
}

void ControllerMetrics::AddFleet() {
  const auto verdicts = sources_.fleet->Verdicts();
  const auto count = [&](v1::Verdict verdict) {
    const auto at = verdicts.find(verdict);
    return at == verdicts.end() ? 0.0 : static_cast<double>(at->second);
  };
  metrics_.Set(kVerdicts, {"good"}, count(v1::VERDICT_GOOD) + count(v1::VERDICT_UNSPECIFIED));
  metrics_.Set(kVerdicts, {"soft"}, count(v1::VERDICT_SOFT));
  metrics_.Set(kVerdicts, {"ejected"}, count(v1::VERDICT_EJECTED));
  metrics_.Set(kVerdicts, {"returning"}, count(v1::VERDICT_RETURNING));
  metrics_.Set(kVerdicts, {"forced_out"}, count(v1::VERDICT_FORCED_OUT));
  metrics_.Set(kVerdicts, {"forced_in"}, count(v1::VERDICT_FORCED_IN));
  AddBackends();
  const auto counters = sources_.fleet->counters();
  Raise(kEvidence, "accepted", counters.evidence);
  Raise(kEvidence, "duplicate", counters.duplicates);
  Raise(kEvidence, "malformed", counters.malformed);
  Raise(kEvidence, "bound", counters.dropped);
  Raise(kEjections, counters.ejections);
}

void ControllerMetrics::AddBackends() {
  metrics_.Clear(kBackendVerdict);
  metrics_.Clear(kBackendWeight);
  v1::WeightsRequest now;
  now.mutable_window();
  const v1::WeightsResponse weights = sources_.fleet->Weights(now);
  for (const v1::WeightRow& row : weights.rows()) {
    const std::string_view verdict = VerdictWord(row.verdict());
    if (!verdict.empty()) metrics_.Set(kBackendVerdict, {row.upstream(), row.backend(), verdict}, 1);
    const bool out = row.verdict() == v1::VERDICT_EJECTED || row.verdict() == v1::VERDICT_FORCED_OUT;
    const double ratio = out ? 0 : row.effective() * row.share();
    if (std::abs(ratio - 1) >= kToldFrom) metrics_.Set(kBackendWeight, {row.upstream(), row.backend()}, ratio);
  }
}

void ControllerMetrics::Raise(const MetricDef& metric, std::uint64_t sum) {
  std::uint64_t& before = read_[std::string(metric.name)];
  metrics_.Add(metric, {}, static_cast<double>(sum - before));
  before = sum;
}

void ControllerMetrics::AddKubernetes() {
  metrics_.Clear(kFound);
  metrics_.Clear(kFoundFailing);
  for (const auto& one : sources_.found->Status()) metrics_.Set(kFound, {one.upstream}, static_cast<double>(one.backends));
  const kubernetes::WatchStatus watch = sources_.found->Watching();
  for (const auto& one : watch.namespaces) metrics_.Set(kFoundFailing, {one.name}, one.error.empty() ? 0 : 1);
  Raise(kFoundRequests, "ok", watch.requests - watch.failures);
  Raise(kFoundRequests, "failed", watch.failures);
}

void ControllerMetrics::Raise(const MetricDef& metric, std::string_view label, std::uint64_t sum) {
  std::uint64_t& before = read_[std::string(metric.name) + '/' + std::string(label)];
  metrics_.Add(metric, {label}, static_cast<double>(sum - before));
  before = sum;
}

}  // namespace switchyard::controlplane
