#include "controlplane/stream/session_state.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace switchyard::controlplane::stream {
namespace {

// Bounds of Hello; `Resource.labels` has the same ones for labels.
constexpr int kMaxLabels = 32;
constexpr std::size_t kMaxText = 63;
constexpr std::size_t kMaxInstance = 64;
constexpr std::size_t kDigestBytes = 32;

void Clip(std::string& text) {
  if (text.size() <= kMaxViolationText) return;
  std::size_t end = kMaxViolationText;
  // Not within a UTF-8 sequence: protobuf strings must stay valid.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

absl::Status TooLong(std::string_view field, std::size_t bound) {
  return absl::InvalidArgumentError(fmt::format("Hello.{} is longer than {} characters", field, bound));
}

// Listeners come first in a snapshot.
bool HasTls(const v1::Snapshot& snapshot) {
  for (const v1::Resource& resource : snapshot.resources()) {
    if (!resource.has_listener()) return false;
    if (resource.listener().has_tls() && !resource.listener().tls().disable_resumption()) return true;
  }
  return false;
}

absl::Status CheckHello(const v1::Hello& hello) {
  if (hello.zone().size() > kMaxText) return TooLong("zone", kMaxText);
  if (hello.version().size() > kMaxText) return TooLong("version", kMaxText);
  if (hello.instance().size() > kMaxInstance) return TooLong("instance", kMaxInstance);
  if (!hello.applied_digest().empty() && hello.applied_digest().size() != kDigestBytes) {
    return absl::InvalidArgumentError(fmt::format("Hello.applied_digest has {} bytes instead of {}", hello.applied_digest().size(), kDigestBytes));
  }
  if (static_cast<int>(hello.labels().size()) > kMaxLabels) {
    return absl::InvalidArgumentError(fmt::format("Hello.labels has {} entries; at most {}", hello.labels().size(), kMaxLabels));
  }
  for (const auto& [key, value] : hello.labels()) {
    if (key.empty() || key.size() > kMaxText || value.size() > kMaxText) return TooLong("labels: a key or value is empty or", kMaxText);
  }
  return absl::OkStatus();
}

PushAnswer::Result ResultOf(const v1::ConfigStatus& status) {
  if (status.applied()) return status.violations_size() > 0 ? PushAnswer::Result::kQuarantined : PushAnswer::Result::kApplied;
  return status.resync() ? PushAnswer::Result::kResync : PushAnswer::Result::kRejected;
}

}  // namespace

std::vector<v1::Violation> ClipViolations(const google::protobuf::RepeatedPtrField<v1::Violation>& violations) {
  const auto count = std::min<std::size_t>(static_cast<std::size_t>(violations.size()), kMaxViolationsPerSession);
  std::vector<v1::Violation> clipped(violations.begin(), violations.begin() + static_cast<std::ptrdiff_t>(count));
  for (v1::Violation& violation : clipped) {
    Clip(*violation.mutable_reason());
    Clip(*violation.mutable_field());
    Clip(*violation.mutable_file());
    if (violation.has_resource()) Clip(*violation.mutable_resource()->mutable_name());
  }
  return clipped;
}

SessionState::SessionState(std::string node) { facts_.node = std::move(node); }

SessionStep SessionState::Close(absl::Status status) {
  phase_ = Phase::kClosed;
  SessionStep step;
  step.close = std::move(status);
  return step;
}

SessionStep SessionState::OnMessage(const v1::AgentMessage& message, const Moment& now) {
  if (phase_ == Phase::kClosed) return {};
  if (phase_ == Phase::kNew && !message.has_hello()) {
    return Close(absl::FailedPreconditionError("the first message of a stream must be Hello"));
  }
  switch (message.message_case()) {
    case v1::AgentMessage::kHello:
      return OnHello(message.hello(), now);
    case v1::AgentMessage::kConfigStatus:
      return OnStatus(message.config_status(), now);
    case v1::AgentMessage::kEvidence: {
      SessionStep step;
      step.counts = true;
      return step;
    }
    case v1::AgentMessage::kReport:
    case v1::AgentMessage::kEvent: {
      facts_.last_report = now.wall;
      SessionStep step;
      step.evidence = true;
      return step;
    }
    case v1::AgentMessage::kSubsets: {
      SessionStep step;
      step.evidence = true;
      return step;
    }
    case v1::AgentMessage::kPredecessor:
      return OnPredecessor(message.predecessor());
    case v1::AgentMessage::kLogLevel: {
      facts_.log_level = message.log_level();
      SessionStep step;
      step.changed = true;
      return step;
    }
    case v1::AgentMessage::MESSAGE_NOT_SET:
      break;
  }
  // A message that only a newer agent knows.
  return {};
}

SessionStep SessionState::OnHello(const v1::Hello& hello, const Moment& now) {
  if (phase_ != Phase::kNew) return Close(absl::FailedPreconditionError("Hello came twice on one stream"));
  if (hello.node() != facts_.node) {
    return Close(absl::PermissionDeniedError(
        fmt::format("Hello names node '{}', but the certificate is that of node '{}'", hello.node().substr(0, kMaxText), facts_.node)));
  }
  if (auto status = CheckHello(hello); !status.ok()) return Close(std::move(status));
  phase_ = Phase::kGreeted;
  facts_.instance = hello.instance();
  facts_.version = hello.version();
  facts_.zone = hello.zone();
  facts_.labels = Labels(hello.labels().begin(), hello.labels().end());
  facts_.agent_generation = hello.applied_generation();
  facts_.quarantined = ClipViolations(hello.quarantined());
  facts_.since = now.wall;
  held_digest_ = hello.applied_digest();
  writing_ = true;
  SessionStep step;
  step.greet = true;
  step.joined = true;
  step.changed = true;
  return step;
}

SessionStep SessionState::OnPredecessor(const v1::Predecessor& predecessor) {
  if (predecessor.instance().size() > kMaxInstance || predecessor.version().size() > kMaxText) {
    return Close(absl::InvalidArgumentError("Predecessor.instance or .version is too long"));
  }
  SessionStep step;
  step.changed = true;
  facts_.predecessor.reset();
  if (!predecessor.ended()) facts_.predecessor = predecessor;
  return step;
}

SessionStep SessionState::OnStatus(const v1::ConfigStatus& status, const Moment& now) {
  SessionStep step;
  if (!outstanding_) return OnRetried(status);
  if (outstanding_->to->generation() != status.generation()) return step;
  step.answer = PushAnswer{ResultOf(status), now.mono - pushed_at_};
  if (status.applied()) {
    TakeApplied(status, now);
  } else if (status.resync() && !outstanding_->full()) {
    // The agent serves something else than we thought; only a full push is sure to fit.
    held_.reset();
    held_digest_.clear();
  } else {
    TakeRefusal(status);
  }
  outstanding_.reset();
  step.changed = true;
  step.complaint = status.applied() ? status.violations_size() > 0 : facts_.rejected_generation == status.generation();
  Plan(step, now);
  return step;
}

// Of what it has already applied: something went into quarantine, or came out of it.
SessionStep SessionState::OnRetried(const v1::ConfigStatus& status) {
  SessionStep step;
  if (facts_.agent_generation != status.generation() || !status.applied()) return step;
  facts_.quarantined = ClipViolations(status.violations());
  step.changed = true;
  step.complaint = status.violations_size() > 0;
  return step;
}

void SessionState::TakeApplied(const v1::ConfigStatus& status, const Moment& now) {
  held_ = outstanding_->to;
  held_digest_ = held_->digest();
  facts_.agent_generation = status.generation();
  facts_.served_generation = status.generation();
  facts_.quarantined = ClipViolations(status.violations());
  facts_.rejected_generation = 0;
  facts_.rejected.clear();
  rejected_digest_.clear();
  facts_.served_at = now.wall;
}

void SessionState::TakeRefusal(const v1::ConfigStatus& status) {
  rejected_digest_ = outstanding_->to->digest();
  facts_.rejected_generation = status.generation();
  facts_.rejected = ClipViolations(status.violations());
  if (!facts_.rejected.empty()) return;
  v1::Violation reason;
  reason.set_reason(status.resync() ? "the agent could not use a full configuration" : "the agent refused the configuration without a reason");
  facts_.rejected.push_back(std::move(reason));
}

SessionStep SessionState::OnTarget(SnapshotPtr target, SnapshotPtr base, const Moment& now) {
  SessionStep step;
  if (phase_ != Phase::kGreeted || target == nullptr || target->generation() == 0) return step;
  if (target_ != nullptr && target->generation() < target_->generation()) return step;
  const bool first = target_ == nullptr;
  if (first) {
    if (base != nullptr && base->digest() == held_digest_) held_ = std::move(base);
    // An agent may come from a controller with another past: what it says counts only below the present generation.
    facts_.served_generation = std::min(facts_.agent_generation, target->generation() - 1);
    step.changed = true;
  }
  target_ = std::move(target);
  target_has_tls_ = HasTls(*target_);
  Plan(step, now);
  OfferFrame(step);
  fleet_due_ = true;
  OfferFleet(step);
  // It served this before it came; when that began is not known here.
  if (first) facts_.served_at.reset();
  return step;
}

SessionStep SessionState::OnWritten(const Moment& now) {
  SessionStep step;
  writing_ = false;
  if (phase_ == Phase::kGreeted) {
    Plan(step, now);
    OfferFrame(step);
    OfferFleet(step);
  }
  return step;
}

SessionStep SessionState::OnFleetNews() {
  SessionStep step;
  fleet_due_ = true;
  if (phase_ == Phase::kGreeted) OfferFleet(step);
  return step;
}

void SessionState::OfferFleet(SessionStep& step) {
  if (writing_ || !fleet_due_ || target_ == nullptr) return;
  step.fleet = writing_ = true;
}

SessionStep SessionState::OnTicketKeys(Frame keys) {
  keys_ = std::move(keys);
  SessionStep step;
  if (phase_ == Phase::kGreeted) OfferFrame(step);
  return step;
}

SessionStep SessionState::OnTell(Frame message) {
  told_ = std::move(message);
  SessionStep step;
  if (phase_ == Phase::kGreeted) OfferFrame(step);
  return step;
}

void SessionState::OfferFrame(SessionStep& step) {
  if (writing_) return;
  if (target_has_tls_ && keys_ != nullptr && keys_ != sent_keys_) {
    step.frame = sent_keys_ = keys_;
  } else if (told_ != nullptr) {
    step.frame = std::exchange(told_, nullptr);
  }
  writing_ = step.frame != nullptr;
}

SessionStep SessionState::OnHelloDeadline() {
  if (phase_ != Phase::kNew) return {};
  return Close(absl::DeadlineExceededError("no Hello came in time"));
}

void SessionState::Settle(SessionStep& step, const Moment& now) {
  // The same content; holding the newer object lets the older one go.
  held_ = target_;
  if (facts_.served_generation != target_->generation()) {
    facts_.served_generation = target_->generation();
    facts_.served_at = now.wall;
    step.changed = true;
  }
  step.changed = step.changed || facts_.behind_since || facts_.rejected_generation != 0;
  facts_.behind_since.reset();
  facts_.rejected_generation = 0;
  facts_.rejected.clear();
  rejected_digest_.clear();
}

void SessionState::Plan(SessionStep& step, const Moment& now) {
  if (target_ == nullptr) return;
  if (!outstanding_ && !held_digest_.empty() && target_->digest() == held_digest_) return Settle(step, now);
  if (!facts_.behind_since) {
    facts_.behind_since = now.mono;
    step.changed = true;
  }
  if (outstanding_ || writing_) return;
  if (!rejected_digest_.empty() && target_->digest() == rejected_digest_) {
    step.changed = step.changed || facts_.rejected_generation != target_->generation();
    facts_.rejected_generation = target_->generation();
    return;
  }
  outstanding_ = Push{held_, held_ == nullptr ? 0 : facts_.agent_generation, target_};
  pushed_at_ = now.mono;
  writing_ = true;
  step.push = outstanding_;
}

}  // namespace switchyard::controlplane::stream
