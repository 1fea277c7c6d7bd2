// SessionState: the one state machine of an agent's stream. Pure: inputs in, steps out; no thread, lock, socket or clock.
//
//   inputs   OnMessage (Hello, ConfigStatus, Report, Event) · OnTarget (what the agent should serve) · OnWritten · OnHelloDeadline
//   outputs  SessionStep: greet (send Welcome) | push (send a ConfigDelta) | close, plus what its surroundings should learn
//
// Promises:
// - At most one write is under way, and at most one push is unanswered. Whatever changes meanwhile is merged: however many targets come,
//   the answer is followed by at most one push, to the newest.
// - A push is a delta from exactly what the agent holds, or full when that is not known. Nothing is sent when the digests are equal.
// - A generation refused as a whole is not offered again until its content changes. A resource in quarantine is remembered until the agent
//   serves a configuration without that quarantine.
// - `resync` gets a full push; a `resync` in answer to a full push counts as a refusal, so there is no endless loop.
// - Generation 0 (nothing was ever committed) is never pushed: a controller that lost its memory must not empty a serving fleet.
//
// Errors: a message that breaks the protocol ends the stream: FAILED_PRECONDITION (Hello missing or repeated), PERMISSION_DENIED (node is
// not the certificate's), INVALID_ARGUMENT (a field beyond its bound), DEADLINE_EXCEEDED (no Hello in time). A ConfigStatus of a
// generation that was not asked about is ignored.
// Thread-safety: one owner (AgentSession holds it under its lock). Cost: O(1) besides copying violations.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "controlplane/stream/session_facts.h"
#include "controlplane/stream/session_handle.h"
#include "controlplane/stream/wire.h"
#include "switchyard/v1/agent.pb.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::controlplane::stream {

// A ConfigDelta to be made: from `from` (null: full) to `to`.
struct Push {
  SnapshotPtr from;
  std::uint64_t from_generation = 0;
  SnapshotPtr to;

  bool full() const { return from == nullptr; }
};

struct SessionStep {
  // Send Welcome, unless the host refuses the newcomer. Counts as the write under way.
  bool greet = false;
  std::optional<Push> push;
  // Send this (ticket keys, or what the session was told to pass on); null: nothing. Counts as the write under way.
  Frame frame;
  // Ask the host for the fleet's next frame (NextFleetFrame) and send it; without one, say NothingToSend. Counts as the write under way.
  bool fleet = false;
  // Not OK: end the stream with this.
  absl::Status close;
  // Hello was accepted just now: the session may be registered and wants a target.
  bool joined = false;
  // facts() differs from before.
  bool changed = false;
  // The agent refused a generation, or put resources of it in quarantine.
  bool complaint = false;
  // The message was a Report or an Event and is in order.
  bool evidence = false;
  // The message was an Evidence and is in order. It changes no facts.
  bool counts = false;
};

class SessionState {
 public:
  // `node` is the certificate's.
  explicit SessionState(std::string node);

  SessionStep OnMessage(const v1::AgentMessage& message, const Moment& now);
  // `base`: a snapshot with the digest that the agent said it serves, if one is still at hand; only used before the first push.
  SessionStep OnTarget(SnapshotPtr target, SnapshotPtr base, const Moment& now);
  // The write that the last step asked for is done.
  SessionStep OnWritten(const Moment& now);
  SessionStep OnHelloDeadline();
  // The ticket keys of now, serialized. They go to the agent once it serves a listener with TLS.
  SessionStep OnTicketKeys(Frame keys);
  // The fleet's loop may have something to tell this agent.
  SessionStep OnFleetNews();
  // The host had no frame for the step's `fleet`.
  void NothingToSend() { writing_ = fleet_due_ = false; }
  // A message to pass on when nothing else is being written.
  SessionStep OnTell(Frame message);
  // After this every input is ignored.
  void OnClosed() { phase_ = Phase::kClosed; }

  const SessionFacts& facts() const { return facts_; }
  SessionFacts& mutable_facts() { return facts_; }
  // Digest of what the agent serves; empty: nothing.
  const std::string& held_digest() const { return held_digest_; }
  // What the agent is to serve; null: not known yet.
  const SnapshotPtr& target() const { return target_; }

 private:
  enum class Phase { kNew, kGreeted, kClosed };

  SessionStep OnHello(const v1::Hello& hello, const Moment& now);
  SessionStep OnStatus(const v1::ConfigStatus& status, const Moment& now);
  SessionStep OnRetried(const v1::ConfigStatus& status);
  SessionStep OnPredecessor(const v1::Predecessor& predecessor);
  void TakeApplied(const v1::ConfigStatus& status, const Moment& now);
  void TakeRefusal(const v1::ConfigStatus& status);
  // The agent serves the target.
  void Settle(SessionStep& step, const Moment& now);
  // Sends ticket keys that the agent lacks, or what is to be passed on, if nothing else is being written.
  void OfferFrame(SessionStep& step);
  // The fleet's frames come last: configuration and keys go before evidence.
  void OfferFleet(SessionStep& step);
  // What to do now; fills `step`.
  void Plan(SessionStep& step, const Moment& now);
  SessionStep Close(absl::Status status);

  Phase phase_ = Phase::kNew;
  SessionFacts facts_;
  bool writing_ = false;
  // What the agent holds: its digest always, its content when known.
  std::string held_digest_;
  SnapshotPtr held_;
  SnapshotPtr target_;
  bool target_has_tls_ = false;
  bool fleet_due_ = false;
  Frame keys_;
  Frame sent_keys_;
  Frame told_;
  // Sent, not answered.
  std::optional<Push> outstanding_;
  // Content that the agent refused as a whole.
  std::string rejected_digest_;
};

}  // namespace switchyard::controlplane::stream
