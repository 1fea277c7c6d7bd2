#include "agent/admin/ready_handler.h"

namespace switchyard::agent::admin {

Page HandleReady(AgentView& view) {
  const Readiness readiness = view.Ready();
  return {readiness.ready ? 200U : 503U, kTextType, readiness.reason + "\n"};
}

}  // namespace switchyard::agent::admin
