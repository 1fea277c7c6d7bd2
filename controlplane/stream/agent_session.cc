#include "controlplane/stream/agent_session.h"

#include <algorithm>
#include <utility>

namespace switchyard::controlplane::stream {
namespace {
constexpr Duration kLongestCertificateWait = std::chrono::minutes(1);
}  // namespace

std::shared_ptr<AgentSession> AgentSession::Make(const SessionOptions* options, SessionPeer peer, Wire* wire) {
  return std::shared_ptr<AgentSession>(new AgentSession(options, std::move(peer), wire));
}

AgentSession::AgentSession(const SessionOptions* options, SessionPeer peer, Wire* wire)
    : options_(options), node_(peer.node), state_(peer.node), wire_(wire) {
  state_.mutable_facts().peer = std::move(peer.address);
  state_.mutable_facts().certificate_not_after = peer.certificate_not_after;
}

AgentSession::~AgentSession() {
  for (const auto id : {hello_timer_, certificate_timer_, grace_timer_}) options_->timers->Cancel(id);
}

runtime::Timers::Id AgentSession::Arm(Duration wait, void (AgentSession::*action)()) {
  return options_->timers->After(wait, [weak = weak_from_this(), action] {
    if (const auto self = weak.lock()) ((*self).*action)();
  });
}

void AgentSession::Start() {
  {
    const std::lock_guard lock(mutex_);
    hello_timer_ = Arm(options_->hello_deadline, &AgentSession::OnHelloDeadline);
  }
  CheckCertificate();
}

void AgentSession::OnMessage(const v1::AgentMessage& message) {
  SessionStep step;
  SessionFacts facts;
  std::string instance;
  {
    const std::lock_guard lock(mutex_);
    step = state_.OnMessage(message, Now());
    if (step.counts) instance = state_.facts().instance;
    facts = Carry(step);
  }
  if (step.counts) return options_->host->OnCounts(node_, instance, message.evidence());
  TellHost(step, facts, &message);
}

void AgentSession::OnWritten(bool ok) {
  if (!ok) return;
  SessionStep step;
  SessionFacts facts;
  {
    const std::lock_guard lock(mutex_);
    step = state_.OnWritten(Now());
    facts = Carry(step);
  }
  TellHost(step, facts, nullptr);
}

void AgentSession::SetTarget(SnapshotPtr target, SnapshotPtr base) {
  SessionStep step;
  SessionFacts facts;
  {
    const std::lock_guard lock(mutex_);
    step = state_.OnTarget(std::move(target), std::move(base), Now());
    facts = Carry(step);
  }
  TellHost(step, facts, nullptr);
}

void AgentSession::SetTicketKeys(Frame keys) {
  const std::lock_guard lock(mutex_);
  Carry(state_.OnTicketKeys(std::move(keys)));
}

void AgentSession::OnFleetNews() {
  const std::lock_guard lock(mutex_);
  Carry(state_.OnFleetNews());
}

void AgentSession::Tell(Frame message) {
  const std::lock_guard lock(mutex_);
  Carry(state_.OnTell(std::move(message)));
}

void AgentSession::OnHelloDeadline() {
  const std::lock_guard lock(mutex_);
  Carry(state_.OnHelloDeadline());
}

SessionFacts AgentSession::Carry(const SessionStep& step) {
  if (step.joined) {
    options_->timers->Cancel(hello_timer_);
    hello_timer_ = 0;
  }
  if (wire_ != nullptr && !ended_) {
    if (step.push) wire_->Send(options_->host->Encode(*step.push));
    if (step.frame != nullptr) wire_->Send(step.frame);
    if (step.fleet) SendFleet();
  }
  if (!step.close.ok()) EndLocked(step.close);
  if (!step.changed && !step.evidence && !step.joined) return {};
  ++state_.mutable_facts().revision;
  return state_.facts();
}

void AgentSession::SendFleet() {
  const Frame frame = options_->host->NextFleetFrame(cursor_, node_, state_.target());
  if (frame == nullptr) return state_.NothingToSend();
  wire_->Send(frame);
}

void AgentSession::TellHost(const SessionStep& step, const SessionFacts& facts, const v1::AgentMessage* message) {
  if (step.joined) {
    Greet(options_->host->OnJoined(shared_from_this(), facts, message->hello().applied_digest()));
    return;
  }
  if (step.answer) options_->host->OnAnswer(*step.answer);
  if (step.evidence) options_->host->OnEvidence(*this, facts, *message);
  if (step.changed) options_->host->OnChanged(*this, facts);
  if (step.complaint) options_->host->OnComplaint(facts);
}

void AgentSession::Greet(const absl::Status& admitted) {
  const std::lock_guard lock(mutex_);
  if (!admitted.ok()) return EndLocked(admitted);
  // The state machine counts Welcome as being written since Hello, so no push can have come before it.
  if (wire_ != nullptr && !ended_) wire_->Send(options_->welcome);
}

void AgentSession::End(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  EndLocked(status);
}

void AgentSession::EndLocked(const absl::Status& status) {
  state_.OnClosed();
  if (ended_ || wire_ == nullptr) return;
  ended_ = true;
  wire_->End(status);
  grace_timer_ = Arm(options_->end_grace, &AgentSession::OnEndGrace);
}

void AgentSession::OnEndGrace() {
  const std::lock_guard lock(mutex_);
  if (wire_ != nullptr) wire_->Cut();
}

void AgentSession::SetCertificate(WallTime not_after) {
  SessionFacts facts;
  {
    const std::lock_guard lock(mutex_);
    auto& known = state_.mutable_facts();
    known.certificate_not_after = std::max(known.certificate_not_after, not_after);
    ++known.revision;
    facts = known;
  }
  options_->host->OnChanged(*this, facts);
}

void AgentSession::CheckCertificate() {
  const std::lock_guard lock(mutex_);
  if (wire_ == nullptr || ended_) return;
  const Duration left = state_.facts().certificate_not_after - options_->clock->WallNow();
  if (left <= Duration::zero()) {
    EndLocked(absl::UnauthenticatedError("the agent's certificate has expired; it must enrol again"));
    return;
  }
  certificate_timer_ = Arm(std::min(left, kLongestCertificateWait), &AgentSession::CheckCertificate);
}

void AgentSession::OnClosed() {
  SessionFacts facts;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(told_left_, true)) return;
    wire_ = nullptr;
    state_.OnClosed();
    for (auto* id : {&hello_timer_, &certificate_timer_, &grace_timer_}) options_->timers->Cancel(std::exchange(*id, 0));
    ++state_.mutable_facts().revision;
    facts = state_.facts();
  }
  options_->host->OnLeft(*this, facts);
}

}  // namespace switchyard::controlplane::stream
