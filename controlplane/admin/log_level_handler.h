// SetLogLevel: what agents, or this controller, write to their logs.
//
// Told, not waited for: an agent says what it logs in its own time (`AgentInfo.log_level`). Thread-safety: any thread. Cost: O(nodes).
// Bounds: 10000 names. Errors: INVALID_ARGUMENT: no level, nobody named, or a time beyond 24 h.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "controlplane/stream/session_registry.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

// `set_own`: changes the controller's own log.
absl::StatusOr<v1::SetLogLevelResponse> HandleSetLogLevel(stream::SessionRegistry& registry, const std::function<void(const v1::LogLevel&)>& set_own,
                                                          const v1::SetLogLevelRequest& request);

}  // namespace switchyard::controlplane::admin
