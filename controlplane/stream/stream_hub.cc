#include "controlplane/stream/stream_hub.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "common/base/status.h"
#include "common/config/violation.h"
#include "common/observe/metric_names.h"

namespace switchyard::controlplane::stream {
namespace {

std::string_view NameOf(PushAnswer::Result result) {
  switch (result) {
    case PushAnswer::Result::kApplied: return "applied";
    case PushAnswer::Result::kQuarantined: return "quarantined";
    case PushAnswer::Result::kRejected: return "rejected";
    case PushAnswer::Result::kResync: return "resync";
  }
  return "applied";
}

// Seconds; what a clock ahead of ours would make less than none is none.
double LagOf(const v1::Report& report, WallTime arrived) {
  const double end = static_cast<double>(report.end().seconds()) + report.end().nanos() / 1e9;
  return std::max(0.0, std::chrono::duration<double>(arrived.time_since_epoch()).count() - end);
}

}  // namespace

StreamHub::StreamHub(SessionRegistry* registry, Publisher* publisher, OverlayPublisher* overlays, fleet::FleetLoop* fleet,
                     feedback::ReportSink* sink, observe::Log* log, observe::Metrics* metrics)
    : registry_(registry), publisher_(publisher), overlays_(overlays), fleet_(fleet), sink_(sink), log_(log), metrics_(metrics) {}

absl::Status StreamHub::OnJoined(const std::shared_ptr<SessionHandle>& session, const SessionFacts& facts, const std::string& held_digest) {
  if (auto status = registry_->Attach(session, facts); !status.ok()) {
    metrics_->Add(observe::kSessionEvents, {"refused"});
    log_->Warn("agent refused", {{"node", facts.node}, {"peer", facts.peer}, {"reason", Message(status)}});
    return status;
  }
  metrics_->Add(observe::kSessionEvents, {"joined"});
  log_->Info("agent connected",
             {{"node", facts.node}, {"peer", facts.peer}, {"version", facts.version}, {"generation", facts.agent_generation}});
  fleet_->Join(facts.node, facts.zone);
  overlays_->Join(session);
  publisher_->Join(session, facts.labels, held_digest);
  return absl::OkStatus();
}

void StreamHub::OnChanged(const SessionHandle& session, const SessionFacts& facts) { registry_->Update(session, facts); }

void StreamHub::OnComplaint(const SessionFacts& facts) {
  const bool rejected = facts.rejected_generation != 0;
  const auto& violations = rejected ? facts.rejected : facts.quarantined;
  if (violations.empty()) return;
  log_->Warn(rejected ? "agent refused a generation" : "agent holds resources in quarantine",
             {{"node", facts.node},
              {"generation", rejected ? facts.rejected_generation : facts.agent_generation},
              {"violations", violations.size()},
              {"first", config::ToString(violations.front())}});
}

void StreamHub::OnAnswer(const PushAnswer& answer) {
  metrics_->Add(observe::kPushes, {NameOf(answer.result)});
  metrics_->Observe(observe::kPushSeconds, {}, std::chrono::duration<double>(answer.took).count());
}

void StreamHub::OnEvidence(const SessionHandle& session, const SessionFacts& facts, const v1::AgentMessage& message) {
  if (message.has_subsets()) return fleet_->OnSubsets(facts.node, message.subsets());
  registry_->Update(session, facts);
  if (message.has_report() && facts.last_report) metrics_->Observe(observe::kReportLag, {}, LagOf(message.report(), *facts.last_report));
  for (feedback::ReportSink* sink : {sink_, static_cast<feedback::ReportSink*>(fleet_)}) {
    if (message.has_report()) sink->OnReport(facts.node, facts.instance, message.report());
    if (message.has_event()) sink->OnEvent(facts.node, facts.instance, message.event());
  }
}

void StreamHub::OnCounts(const std::string& node, const std::string& instance, const v1::Evidence& evidence) {
  fleet_->OnEvidence(node, instance, evidence);
}

Frame StreamHub::NextFleetFrame(fleet::Cursor& cursor, const std::string& node, const SnapshotPtr& target) {
  return fleet_->Next(cursor, node, target);
}

void StreamHub::OnLeft(const SessionHandle& session, const SessionFacts& facts) {
  publisher_->Leave(session);
  overlays_->Leave(session);
  // False for a stream that another has replaced: the agent is still there.
  const bool left = registry_->Detach(session, facts);
  metrics_->Add(observe::kSessionEvents, {left ? "left" : "replaced"});
  if (!left) return;
  sink_->OnGone(facts.node);
  fleet_->OnGone(facts.node);
  log_->Info("agent disconnected", {{"node", facts.node}, {"generation", facts.agent_generation}});
}

}  // namespace switchyard::controlplane::stream
