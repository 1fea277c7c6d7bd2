// AgentService: the door for agents. Enroll and Renew are calls to identity; Connect makes a session.
//
// Threads: Enroll and Renew go to the work queue (they sign and fsync); Connect is handled on gRPC's threads and never waits.
// Who is calling was decided by the identity room's Gate before any method here runs; the node is the certificate's, never the caller's word.
// Enroll is open to strangers and has a deadline and bounds of its own: see enrol_calls.h.
// Bounds: a full work queue answers RESOURCE_EXHAUSTED. Errors: those of identity::Enrolment and of SessionState.
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/observe/log.h"
#include "controlplane/identity/enrolment.h"
#include "controlplane/runtime/work_queue.h"
#include "controlplane/stream/agent_session.h"
#include "controlplane/stream/session_registry.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace switchyard::controlplane::stream {

// All must outlive the service.
struct AgentServiceParts {
  identity::Enrolment* enrolment = nullptr;
  SessionRegistry* registry = nullptr;
  const SessionOptions* sessions = nullptr;
  runtime::WorkQueue* work = nullptr;
  observe::Log* log = nullptr;
};

std::unique_ptr<grpc::Service> MakeAgentService(const AgentServiceParts& parts);

}  // namespace switchyard::controlplane::stream
