// What the dashboard leans on: the same rooms that serve the API, so that page and yardctl cannot disagree.
//
// Thread-safety: a value of pointers; each points to something that is safe from any thread. All outlive the dashboard.
#pragma once

#include "common/base/clock.h"
#include "common/observe/log.h"
#include "controlplane/admin/change_desk.h"
#include "controlplane/admin/info_handler.h"
#include "controlplane/dashboard/sessions.h"
#include "controlplane/feedback/aggregator.h"
#include "controlplane/feedback/traffic_board.h"
#include "controlplane/fleet/fleet_loop.h"
#include "controlplane/history/recorder.h"
#include "controlplane/identity/actions.h"
#include "controlplane/identity/credentials.h"
#include "controlplane/identity/tokens.h"
#include "controlplane/kubernetes/found_backends.h"
#include "controlplane/runtime/work_queue.h"
#include "controlplane/store/store.h"
#include "controlplane/stream/session_registry.h"

namespace switchyard::controlplane::dashboard {

struct Parts {
  const Clock* clock = nullptr;
  observe::Log* log = nullptr;
  store::Store* store = nullptr;
  stream::SessionRegistry* registry = nullptr;
  const feedback::Aggregator* aggregator = nullptr;
  const feedback::TrafficBoard* board = nullptr;
  const history::Recorder* recorder = nullptr;
  const fleet::FleetLoop* fleet = nullptr;
  const kubernetes::FoundBackends* found = nullptr;
  identity::Tokens* tokens = nullptr;
  identity::Credentials* credentials = nullptr;
  Sessions* sessions = nullptr;
  identity::Actions* actions = nullptr;
  admin::ChangeDesk* desk = nullptr;
  // One thread.
  runtime::WorkQueue* changes = nullptr;
  runtime::WorkQueue* calls = nullptr;
  admin::ControllerFacts facts;
  // The fleet's CA; for logins.
  const tls::Certificate* ca = nullptr;
};

}  // namespace switchyard::controlplane::dashboard
