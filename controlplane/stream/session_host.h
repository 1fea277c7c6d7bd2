// SessionHost: what a session needs from its surroundings. StreamHub implements it.
//
// Thread-safety: every method from any thread; a session calls without holding its own lock (`Encode` aside), so an implementation may
// call back into sessions. Facts carry a revision: an older copy that arrives late is to be ignored.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "controlplane/fleet/cursor.h"
#include "controlplane/stream/session_facts.h"
#include "controlplane/stream/session_handle.h"
#include "controlplane/stream/session_state.h"
#include "controlplane/stream/wire.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::stream {

class SessionHost {
 public:
  virtual ~SessionHost() = default;
  // Hello was accepted. Not OK: the stream is to be ended with this. `held_digest`: what the agent serves, empty for nothing.
  virtual absl::Status OnJoined(const std::shared_ptr<SessionHandle>& session, const SessionFacts& facts, const std::string& held_digest) = 0;
  virtual void OnChanged(const SessionHandle& session, const SessionFacts& facts) = 0;
  // After OnChanged: the agent refused a generation, or holds resources of it in quarantine. `facts` say which.
  virtual void OnComplaint(const SessionFacts& facts) = 0;
  // The answer to a push.
  virtual void OnAnswer(const PushAnswer& answer) = 0;
  // A Report or Event, in order.
  virtual void OnEvidence(const SessionHandle& session, const SessionFacts& facts, const v1::AgentMessage& message) = 0;
  // Counts for the fleet's loop, in order.
  virtual void OnCounts(const std::string& node, const std::string& instance, const v1::Evidence& evidence) = 0;
  // The stream is over; nothing comes after this. Also called for a session that never joined.
  virtual void OnLeft(const SessionHandle& session, const SessionFacts& facts) = 0;
  // The serialized message for a push. Called with the session's lock held: must not call back into a session.
  virtual Frame Encode(const Push& push) = 0;
  // What the fleet's loop has to tell this agent next; null: nothing. As Encode.
  virtual Frame NextFleetFrame(fleet::Cursor& cursor, const std::string& node, const SnapshotPtr& target) = 0;
};

}  // namespace switchyard::controlplane::stream
