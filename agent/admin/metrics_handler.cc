#include "agent/admin/metrics_handler.h"

namespace switchyard::agent::admin {

Page HandleMetrics(AgentView& view) { return {200, "text/plain; version=0.0.4; charset=utf-8", view.FreshMetrics().Expose()}; }

}  // namespace switchyard::agent::admin
