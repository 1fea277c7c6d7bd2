// `/live`: 200 as long as the control loop turns. For a supervisor that restarts what hangs; says nothing about traffic (see ready_handler.h).
// Thread-safety: control loop thread only.
#pragma once

#include "agent/admin/agent_view.h"
#include "agent/admin/page.h"

namespace switchyard::agent::admin {

Page HandleLive(AgentView& view);

}  // namespace switchyard::agent::admin
