// StatusView: the agent as its admin pages show it, gathered from the parts.
//
// Thread-safety: control loop thread only. Cost and bounds: see agent/admin/agent_view.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/admin/agent_view.h"
#include "agent/config/membership.h"
#include "agent/fleet/overlay_table.h"
#include "common/base/clock.h"

namespace switchyard::agent {

// What is looked at. All must outlive the view.
struct StatusViewParts {
  const Clock* clock = nullptr;
  const runtime::DataPlane* data_plane = nullptr;
  const config::ControllerClient* client = nullptr;
  const config::Membership* membership = nullptr;
  const health::Prober* prober = nullptr;
  const discovery::Discovery* discovery = nullptr;
  const fleet::OverlayTable* overlays = nullptr;
  observe::Metrics* metrics = nullptr;
  std::string zone;
  std::string controller;
  std::string instance;
};

class StatusView final : public admin::AgentView {
 public:
  explicit StatusView(StatusViewParts parts);

  // A snapshot is served.
  void SetServing() { serving_ = true; }
  void SetDraining() { draining_ = true; }
  // Connections that the process before still has; nothing: it is gone.
  void SetPredecessor(std::optional<std::uint64_t> connections) { predecessor_ = connections; }
  void SetOpenConnections(std::uint64_t count) { open_connections_ = count; }
  // Backends whose breakers are not closed, as of the newest report.
  void SetTrouble(std::vector<report::BackendTrouble> trouble) { trouble_ = std::move(trouble); }
  // When the configuration served since the start was written, for its age until the controller is heard of.
  void SetConfigWritten(WallTime when) { config_written_ = when; }

  admin::Readiness Ready() const override;
  admin::AgentFacts Facts() const override;
  const v1::Snapshot& Snapshot() const override { return parts_.client->serving(); }
  const observe::Metrics& FreshMetrics() override;

 private:
  Duration ConfigAge() const;
  void SetHealthGauges();
  void SetDiscoveryGauges();
  void SetExpiryGauges();

  const StatusViewParts parts_;
  const TimePoint started_;
  // Of the Secrets in the snapshot with this digest.
  std::vector<std::pair<std::string, WallTime>> secret_ends_;
  std::string secrets_digest_;
  bool serving_ = false;
  bool draining_ = false;
  std::uint64_t open_connections_ = 0;
  std::optional<std::uint64_t> predecessor_;
  std::vector<report::BackendTrouble> trouble_;
  std::optional<WallTime> config_written_;
};

}  // namespace switchyard::agent
