// AdminPages: which path is answered by which handler. The whole surface of the admin port stands here.
//
// GET and HEAD only; everything is read-only. A request whose `Host` is a name other than `localhost` is refused (421) unless `any_host` is set:
// a web page that points its own name at this host (DNS rebinding) must not read the agent's configuration through somebody's browser.
//
// Thread-safety: control loop thread only. Cost: that of the handler. Errors: 404 names the pages there are, 405, 421.
#pragma once

#include <string_view>

#include "agent/admin/agent_view.h"
#include "agent/admin/page.h"

namespace switchyard::agent::admin {

struct AdminRequest {
  std::string_view method;
  // With query, which is ignored.
  std::string_view target;
  std::string_view host;
};

// The path of a known page, or `other`: a closed set for metrics.
std::string_view PageName(std::string_view target);
Page Answer(const AdminRequest& request, bool any_host, AgentView& view);

}  // namespace switchyard::agent::admin
