// StreamHub: joins the parts of the stream room. What sessions say goes to the registry, the publisher and the report sink from here.
//
//   session ──joined──▶ registry.Attach, publisher.Join      session ──evidence──▶ report sink
//           ──changed─▶ registry.Update                              ──left──────▶ registry.Detach, publisher.Leave
//
// Logs who comes, goes, is refused and complains; counts it, how long answers to pushes take, and how old reports are.
// Thread-safety: every method from any thread; no lock of its own. Lock order in this room: a session's lock, then the encoder's; registry
// and publisher are never called with a session's lock held, and never call sessions with their own lock held.
#pragma once

#include <memory>
#include <string>

#include "common/observe/log.h"
#include "common/observe/metrics.h"
#include "controlplane/feedback/report_sink.h"
#include "controlplane/stream/delta_encoder.h"
#include "controlplane/stream/overlay_publisher.h"
#include "controlplane/stream/publisher.h"
#include "controlplane/stream/session_host.h"
#include "controlplane/stream/session_registry.h"

namespace switchyard::controlplane::stream {

class StreamHub final : public SessionHost {
 public:
  // All outlive this.
  StreamHub(SessionRegistry* registry, Publisher* publisher, OverlayPublisher* overlays, fleet::FleetLoop* fleet, feedback::ReportSink* sink,
            observe::Log* log, observe::Metrics* metrics);

  absl::Status OnJoined(const std::shared_ptr<SessionHandle>& session, const SessionFacts& facts, const std::string& held_digest) override;
  void OnChanged(const SessionHandle& session, const SessionFacts& facts) override;
  void OnComplaint(const SessionFacts& facts) override;
  void OnAnswer(const PushAnswer& answer) override;
  void OnEvidence(const SessionHandle& session, const SessionFacts& facts, const v1::AgentMessage& message) override;
  void OnCounts(const std::string& node, const std::string& instance, const v1::Evidence& evidence) override;
  void OnLeft(const SessionHandle& session, const SessionFacts& facts) override;
  Frame Encode(const Push& push) override { return encoder_.Encode(push); }
  Frame NextFleetFrame(fleet::Cursor& cursor, const std::string& node, const SnapshotPtr& target) override;

 private:
  SessionRegistry* registry_;
  Publisher* publisher_;
  OverlayPublisher* overlays_;
  fleet::FleetLoop* fleet_;
  feedback::ReportSink* sink_;
  observe::Log* log_;
  observe::Metrics* metrics_;
  DeltaEncoder encoder_;
};

}  // namespace switchyard::controlplane::stream
