// `/status`: the agent as JSON: who it is, what it serves, how it stands with its controller, what is quarantined, what probes say.
//
// Bounds: at most 1000 health rows, unhealthy ones first; `health_omitted` counts the rest.
// Thread-safety: control loop thread only.
#pragma once

#include "agent/admin/agent_view.h"
#include "agent/admin/page.h"

namespace switchyard::agent::admin {

Page HandleStatus(AgentView& view);

}  // namespace switchyard::agent::admin
