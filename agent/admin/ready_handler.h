// `/ready`: 200 once a snapshot is applied, 503 before that and while draining; the body says why. For load balancers and for scripts that wait.
// Thread-safety: control loop thread only.
#pragma once

#include "agent/admin/agent_view.h"
#include "agent/admin/page.h"

namespace switchyard::agent::admin {

Page HandleReady(AgentView& view);

}  // namespace switchyard::agent::admin
