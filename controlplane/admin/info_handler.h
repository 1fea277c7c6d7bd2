// FleetService.Info: version and health of the controller.
//
// Thread-safety: any thread. Cost: O(1).
#pragma once

#include <string>

#include "common/base/clock.h"
#include "controlplane/store/store.h"
#include "controlplane/stream/session_registry.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

// What stays the same while the controller runs.
struct ControllerFacts {
  std::string version;
  // Differs from start to start.
  std::string instance;
  std::string trust_domain;
  WallTime started;
  WallTime ca_not_after;
};

v1::InfoResponse HandleInfo(const ControllerFacts& facts, const store::Store& store, const stream::SessionRegistry& registry);

}  // namespace switchyard::controlplane::admin
