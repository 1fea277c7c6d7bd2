// FleetService.Agents: the agents that the controller knows, connected or not, in order of node, paged.
//
// `applied_generation` is the newest generation of which the agent serves everything that concerns it. `config_age` of a connected agent
// runs from the first generation that it still misses; that of a disconnected one from its disconnection, if anything was committed since.
// Memory and connections come from `board` (null: left out).
// Thread-safety: any thread. Cost: O(page). Errors: INVALID_ARGUMENT (token).
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/feedback/traffic_board.h"
#include "controlplane/stream/session_registry.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::AgentsResponse> HandleAgents(const stream::SessionRegistry& registry, const Clock& clock, std::uint64_t newest_generation,
                                                const v1::AgentsRequest& request, const feedback::TrafficBoard* board = nullptr);

}  // namespace switchyard::controlplane::admin
