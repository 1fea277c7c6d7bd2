// FleetService: the admin API as gRPC serves it. One handler file per verb holds what a verb does; this file only carries calls to them.
//
// Threads: no handler runs on gRPC's threads. Changes go one by one through `changes` (one thread: writers of one controller never race), all
// else through `calls`. A call that waits for agents holds no thread: the registry calls back.
// Who may call was decided by the identity room's Gate before any method here runs.
// Bounds: full queues answer RESOURCE_EXHAUSTED; watchers and waiters have bounds of their own.
// Errors: INVALID_ARGUMENT carries its `Violations` serialized in the status details.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"
#include "common/observe/log.h"
#include "controlplane/admin/change_desk.h"
#include "controlplane/admin/info_handler.h"
#include "controlplane/admin/watch_reactor.h"
#include "controlplane/backup/backup.h"
#include "controlplane/feedback/aggregator.h"
#include "controlplane/feedback/traffic_board.h"
#include "controlplane/history/recorder.h"
#include "controlplane/identity/credentials.h"
#include "controlplane/identity/peer_identity.h"
#include "controlplane/fleet/fleet_loop.h"
#include "controlplane/identity/tokens.h"
#include "controlplane/kubernetes/found_backends.h"
#include "controlplane/runtime/work_queue.h"
#include "controlplane/store/store.h"
#include "controlplane/stream/session_registry.h"
#include "switchyard/v1/agent.pb.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace switchyard::controlplane::admin {

// All must outlive the service.
struct FleetServiceParts {
  const Clock* clock = nullptr;
  observe::Log* log = nullptr;
  store::Store* store = nullptr;
  stream::SessionRegistry* registry = nullptr;
  const feedback::Aggregator* aggregator = nullptr;
  const feedback::TrafficBoard* board = nullptr;
  const history::Recorder* recorder = nullptr;
  fleet::FleetLoop* fleet = nullptr;
  const kubernetes::FoundBackends* found = nullptr;
  identity::Tokens* tokens = nullptr;
  identity::Credentials* credentials = nullptr;
  identity::Actions* actions = nullptr;
  ChangeDesk* desk = nullptr;
  // Makes a code that logs this caller in to the dashboard.
  std::function<v1::DashboardLoginResponse(const identity::PeerIdentity&)> dashboard_login;
  Watchers* watchers = nullptr;
  // One thread.
  runtime::WorkQueue* changes = nullptr;
  runtime::WorkQueue* calls = nullptr;
  // Changes the controller's own log.
  std::function<void(const v1::LogLevel&)> set_log_level;
  ControllerFacts facts;
  backup::BackupParts backup;
};

std::unique_ptr<grpc::Service> MakeFleetService(FleetServiceParts parts);

}  // namespace switchyard::controlplane::admin
