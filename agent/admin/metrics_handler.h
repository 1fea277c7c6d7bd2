// `/metrics`: every metric of common/observe/metric_names.h that this agent has, in the Prometheus text format 0.0.4.
// Traffic counters are as of the newest window, so at most one report interval old.
// Thread-safety: control loop thread only.
#pragma once

#include "agent/admin/agent_view.h"
#include "agent/admin/page.h"

namespace switchyard::agent::admin {

Page HandleMetrics(AgentView& view);

}  // namespace switchyard::agent::admin
