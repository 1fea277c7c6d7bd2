// AgentView: what the admin pages may see of the agent. The composition root implements it; tests fake it.
//
// Thread-safety: control loop thread only. Cost: `Facts` copies small lists; nothing blocks. Bounds: health rows are those of the prober.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/controller_client.h"
#include "agent/discovery/discovery.h"
#include "agent/health/prober.h"
#include "agent/report/trouble.h"
#include "agent/runtime/data_plane.h"
#include "common/base/clock.h"
#include "common/observe/metrics.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::admin {

struct Readiness {
  bool ready = false;
  // Why, for people: `serving generation 42`, `no configuration yet`, `draining`.
  std::string reason;
};

// A backend of which the fleet holds something that is not plain.
struct FleetFact {
  std::string upstream;
  std::string address;
  std::string verdict;  // `good`, `soft`, `ejected`, `returning`, `forced_out`, `forced_in`
  double weight = 1;    // factor to the configured one
  double share = 1;
  bool unhealthy = false;  // by those who probe it for the fleet
  std::string reason;
};

struct AgentFacts {
  std::string node;
  std::string zone;
  std::string version;
  std::string instance;
  WallTime now{};
  Duration uptime{};
  Readiness readiness;
  runtime::DataPlaneStatus data_plane;
  // As of the newest report.
  std::uint64_t open_connections = 0;
  // Of the process before, while it ends (an upgrade).
  std::optional<std::uint64_t> predecessor_connections;
  // Time since the controller was last heard of; 0 while connected.
  Duration config_age{};
  // Lower-case hex; empty before the first snapshot.
  std::string digest;
  // HOST:PORT; empty when the agent runs without a controller.
  std::string controller_address;
  config::ControllerStatus controller;
  Duration controller_state_age{};
  // Not set: the agent has no certificate.
  std::optional<WallTime> certificate_not_after;
  // What stands in the way of enrolment, if anything.
  std::string identity_error;
  std::vector<v1::Violation> quarantined;
  std::vector<health::ProbeStatus> probes;
  std::vector<discovery::DiscoveryStatus> discovery;
  // As of the newest report.
  std::vector<report::BackendTrouble> trouble;
  // What the controller's overlay says, as far as it holds; at most 1000 backends.
  bool fleet_alive = false;
  std::uint64_t fleet_epoch = 0;
  std::vector<FleetFact> fleet;
  std::uint64_t resident_bytes = 0;
};

class AgentView {
 public:
  virtual ~AgentView() = default;
  virtual Readiness Ready() const = 0;
  virtual AgentFacts Facts() const = 0;
  // What is served; generation 0 before the first.
  virtual const v1::Snapshot& Snapshot() const = 0;
  // The program's metrics, gauges brought up to date.
  virtual const observe::Metrics& FreshMetrics() = 0;
};

}  // namespace switchyard::agent::admin
