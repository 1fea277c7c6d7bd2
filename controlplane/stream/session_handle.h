// SessionHandle: a live stream as the registry and the publisher see it. AgentSession implements it.
//
// Thread-safety: every method from any thread; none blocks on the network.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "controlplane/stream/wire.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::controlplane::stream {

// Shared by every session with the same configuration.
using SnapshotPtr = std::shared_ptr<const v1::Snapshot>;

class SessionHandle {
 public:
  virtual ~SessionHandle() = default;
  virtual const std::string& node() const = 0;
  // What the agent should serve from now on. `base`: a snapshot equal to what it serves, if one is at hand; else null.
  virtual void SetTarget(SnapshotPtr target, SnapshotPtr base) = 0;
  // A newer certificate of this agent counts from now on.
  virtual void SetCertificate(WallTime not_after) = 0;
  // The ticket keys of now, as a serialized ControllerMessage.
  virtual void SetTicketKeys(Frame keys) = 0;
  // The fleet's loop may have something to tell this agent. Nothing, unless the session listens to it.
  virtual void OnFleetNews() {}
  // One message of no consequence for what the session keeps, as a serialized ControllerMessage; a later one takes the place of one that waits.
  virtual void Tell(Frame message) = 0;
  // Ends the stream. Only the first end counts.
  virtual void End(const absl::Status& status) = 0;
};

}  // namespace switchyard::controlplane::stream
