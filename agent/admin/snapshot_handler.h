// `/snapshot`: the configuration that this agent serves, as JSON in the style of the API. 404 before the first.
//
// Cost: linear in the snapshot, on the control loop: tens of milliseconds for 100,000 backends; never on a worker.
// Thread-safety: control loop thread only.
#pragma once

#include "agent/admin/agent_view.h"
#include "agent/admin/page.h"

namespace switchyard::agent::admin {

Page HandleSnapshot(AgentView& view);

}  // namespace switchyard::agent::admin
