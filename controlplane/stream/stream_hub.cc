#include "controlplane/stream/stream_hub.h"

namespace switchyard::controlplane::stream {

StreamHub::StreamHub(SessionRegistry* registry, Publisher* publisher, feedback::ReportSink* sink)
    : registry_(registry), publisher_(publisher), sink_(sink) {}

absl::Status StreamHub::OnJoined(const std::shared_ptr<SessionHandle>& session, const SessionFacts& facts, const std::string& held_digest) {
  if (auto status = registry_->Attach(session, facts); !status.ok()) return status;
  publisher_->Join(session, facts.labels, held_digest);
  return absl::OkStatus();
}

void StreamHub::OnChanged(const SessionHandle& session, const SessionFacts& facts) { registry_->Update(session, facts); }

void StreamHub::OnEvidence(const SessionHandle& session, const SessionFacts& facts, const v1::AgentMessage& message) {
  registry_->Update(session, facts);
  if (message.has_report()) sink_->OnReport(facts.node, facts.instance, message.report());
  if (message.has_event()) sink_->OnEvent(facts.node, facts.instance, message.event());
}

void StreamHub::OnLeft(const SessionHandle& session, const SessionFacts& facts) {
  publisher_->Leave(session);
  // False for a stream that another has replaced: the agent is still there.
  if (registry_->Detach(session, facts)) sink_->OnGone(facts.node);
}

}  // namespace switchyard::controlplane::stream
