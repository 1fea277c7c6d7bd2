#include "agent/admin/live_handler.h"

namespace switchyard::agent::admin {

Page HandleLive(AgentView&) { return {200, kTextType, "live\n"}; }

}  // namespace switchyard::agent::admin
