// AgentSession: one agent's stream, safe for threads. Carries the inputs to SessionState one at a time and its steps to the Wire.
//
//   Wire (gRPC reactor) ──OnMessage, OnWritten, OnClosed──▶ AgentSession ──Send, End, Cut──▶ Wire
//   Publisher ──SetTarget──▶        registry ──End──▶       timers ──deadlines──▶
//
// Who owns whom: gRPC owns the reactor until its OnDone; the reactor, the registry and the publisher each hold a shared pointer to the
// session; timers hold weak ones. The session holds a plain pointer to its Wire, which `OnClosed` clears under the lock; after that no call
// reaches the Wire any more and the reactor may die.
//
// Deadlines: Hello within `hello_deadline` of the start; after `End` the stream has `end_grace` to close before it is cut; a session whose
// newest certificate has expired is ended with UNAUTHENTICATED (looked at when the certificate ends, and at least every minute, because
// civil time may jump).
// Thread-safety: every method from any thread. The host is called without the lock held (`Encode` aside). Bounds: one unwritten frame, one unanswered push.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "controlplane/runtime/timers.h"
#include "controlplane/stream/session_facts.h"
#include "controlplane/stream/session_host.h"
#include "controlplane/stream/session_state.h"
#include "controlplane/stream/wire.h"

namespace switchyard::controlplane::stream {

// The same for every session of a controller. Everything pointed to outlives the sessions.
struct SessionOptions {
  const Clock* clock = nullptr;
  runtime::Timers* timers = nullptr;
  SessionHost* host = nullptr;
  // Serialized ControllerMessage with the Welcome.
  Frame welcome;
  Duration hello_deadline = std::chrono::seconds(10);
  Duration end_grace = std::chrono::seconds(5);
};

// Who is at the other end, as its certificate says.
struct SessionPeer {
  std::string node;
  // Address, for people.
  std::string address;
  WallTime certificate_not_after;
};

class AgentSession final : public SessionHandle, public std::enable_shared_from_this<AgentSession> {
 public:
  // `wire` stays valid until OnClosed. `options` outlives the session. Call Start() next.
  static std::shared_ptr<AgentSession> Make(const SessionOptions* options, SessionPeer peer, Wire* wire);
  ~AgentSession() override;

  // Arms the deadlines.
  void Start();

  // From the wire.
  void OnMessage(const v1::AgentMessage& message);
  // `ok` false: the stream is broken; OnClosed follows.
  void OnWritten(bool ok);
  void OnClosed();

  void SetTarget(SnapshotPtr target, SnapshotPtr base) override;
  void SetCertificate(WallTime not_after) override;
  void SetTicketKeys(Frame keys) override;
  void OnFleetNews() override;
  void Tell(Frame message) override;
  void End(const absl::Status& status) override;
  const std::string& node() const override { return node_; }

 private:
  AgentSession(const SessionOptions* options, SessionPeer peer, Wire* wire);

  Moment Now() const { return MomentOf(*options_->clock); }
  // Under the lock: carries out what concerns the wire and stamps the facts. Returns them.
  SessionFacts Carry(const SessionStep& step);
  void SendFleet();
  // Without the lock: tells the host.
  void TellHost(const SessionStep& step, const SessionFacts& facts, const v1::AgentMessage* message);
  // The host has decided on Hello: Welcome, or the end. So an agent that was welcomed is registered.
  void Greet(const absl::Status& admitted);
  void EndLocked(const absl::Status& status);
  void CheckCertificate();
  runtime::Timers::Id Arm(Duration wait, void (AgentSession::*action)());
  void OnHelloDeadline();
  void OnEndGrace();

  const SessionOptions* const options_;
  const std::string node_;

  std::mutex mutex_;
  SessionState state_;
  fleet::Cursor cursor_;
  // Null once closed.
  Wire* wire_;
  bool ended_ = false;
  bool told_left_ = false;
  runtime::Timers::Id hello_timer_ = 0;
  runtime::Timers::Id certificate_timer_ = 0;
  runtime::Timers::Id grace_timer_ = 0;
};

}  // namespace switchyard::controlplane::stream
