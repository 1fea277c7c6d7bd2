#include "agent/config/controller_client.h"

#include <algorithm>
#include <utility>

#include "agent/config/held_resources.h"
#include "common/base/duration.h"
#include "common/base/status.h"
#include "common/config/snapshot_delta.h"
#include "common/observe/metric_names.h"
#include "common/rpc/connect_failure.h"
#include "fmt/format.h"
#include "google/protobuf/util/message_differencer.h"

namespace switchyard::agent::config {
namespace {

constexpr Duration kDefaultReportInterval = std::chrono::seconds(1);
constexpr Duration kMinReportInterval = std::chrono::milliseconds(100);
constexpr Duration kMaxReportInterval = std::chrono::minutes(1);
constexpr Duration kFirstRetry = std::chrono::seconds(5);
constexpr Duration kMaxRetry = std::chrono::minutes(1);

bool Same(const std::vector<v1::Violation>& a, const std::vector<v1::Violation>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), google::protobuf::util::MessageDifferencer::Equals);
}

Duration ReportInterval(const v1::Welcome& welcome) {
  if (!welcome.has_report_interval()) return kDefaultReportInterval;
  const Duration asked = std::chrono::seconds(std::clamp<std::int64_t>(welcome.report_interval().seconds(), 0, 3600)) +
                         std::chrono::nanoseconds(welcome.report_interval().nanos());
  return asked <= Duration::zero() ? kDefaultReportInterval : std::clamp(asked, kMinReportInterval, kMaxReportInterval);
}

const char* ResultName(const ApplyOutcome& outcome) {
  if (!outcome.applied) return "rejected";
  return outcome.violations.empty() ? "applied" : "quarantined";
}

v1::ConfigStatus AnswerTo(std::uint64_t generation, const ApplyOutcome& outcome, Duration took) {
  v1::ConfigStatus answer;
  answer.set_generation(generation);
  answer.set_applied(outcome.applied);
  for (const v1::Violation& violation : outcome.violations) *answer.add_violations() = violation;
  answer.mutable_took()->set_seconds(took.count() / 1'000'000'000);
  answer.mutable_took()->set_nanos(static_cast<std::int32_t>(took.count() % 1'000'000'000));
  return answer;
}

// `next` with the last good versions of what is in quarantine now; it may be `before` itself.
SnapshotPtr Holding(const v1::Snapshot& before, const std::vector<v1::Violation>& quarantined, const std::vector<v1::Violation>& violations,
                    const SnapshotPtr& next) {
  if (violations.empty() && next->held().empty()) return next;
  auto holding = std::make_shared<v1::Snapshot>(*next);
  HoldLastGood(before, quarantined, violations, *holding);
  return holding;
}

}  // namespace

const char* ControllerStateName(ControllerState state) {
  switch (state) {
    case ControllerState::kStopped: return "stopped";
    case ControllerState::kConnecting: return "connecting";
    case ControllerState::kConnected: return "connected";
    case ControllerState::kWaiting: return "waiting";
  }
  return "stopped";
}

ControllerClient::ControllerClient(const ControllerClientParts& parts, ControllerClientOptions options)
    : parts_(parts),
      options_(std::move(options)),
      backoff_(options_.backoff, options_.seed),
      last_contact_(parts_.clock->Now()),
      serving_(std::make_shared<const v1::Snapshot>()),
      retry_wait_(kFirstRetry),
      alive_(std::make_shared<bool>(true)) {
  status_.since = last_contact_;
  ShowState();
}

ControllerClient::~ControllerClient() {
  Stop();
  *alive_ = false;
}

void ControllerClient::SetServing(v1::Snapshot snapshot, std::vector<v1::Violation> quarantined) {
  serving_ = std::make_shared<const v1::Snapshot>(std::move(snapshot));
  quarantined_ = std::move(quarantined);
  retry_wait_ = kFirstRetry;
  RetryLater();
}

void ControllerClient::Start() {
  if (status_.state == ControllerState::kStopped) Connect();
}

void ControllerClient::Pause(std::function<void()> quiet) {
  paused_ = true;
  if (!applying_) return quiet();
  quiet_ = std::move(quiet);
}

void ControllerClient::Resume() {
  paused_ = false;
  quiet_ = nullptr;
  if (applying_) return;
  if (const std::optional<v1::ConfigDelta> held = std::exchange(held_, std::nullopt); held.has_value()) Configure(*held);
}

void ControllerClient::Stop() {
  // What is being applied or stored answers to nobody from here on.
  *alive_ = false;
  alive_ = std::make_shared<bool>(true);
  applying_ = false;
  timer_.reset();
  retry_timer_.reset();
  link_.reset();
  queue_.Clear();
  held_.reset();
  SetState(ControllerState::kStopped);
}

Duration ControllerClient::SinceContact() const { return connected() ? Duration::zero() : parts_.clock->Now() - last_contact_; }

void ControllerClient::ShowState() {
  parts_.metrics->Set(observe::kControllerConnected, connected() ? 1 : 0);
  for (const ControllerState one : {ControllerState::kStopped, ControllerState::kConnecting, ControllerState::kConnected, ControllerState::kWaiting}) {
    parts_.metrics->Set(observe::kControllerStream, {ControllerStateName(one)}, one == status_.state ? 1 : 0);
  }
}

void ControllerClient::SetState(ControllerState state) {
  if (status_.state == state) return;
  const TimePoint now = parts_.clock->Now();
  if (status_.state == ControllerState::kConnected) last_contact_ = now;
  status_.state = state;
  status_.since = now;
  ShowState();
}

// --- the stream ------------------------------------------------------------------------------------------------------------------------

void ControllerClient::Connect() {
  ++epoch_;
  sending_ = false;
  queue_.Clear();
  SetState(ControllerState::kConnecting);
  LinkEvents events;
  events.on_message = [this](const v1::ControllerMessage& message) { Received(message); };
  events.on_sent = [this] {
    sending_ = false;
    Pump();
  };
  events.on_closed = [this](const absl::Status& why) { Closed(why); };
  absl::StatusOr<std::unique_ptr<ControllerLink>> link = parts_.links->Open(std::move(events));
  if (!link.ok()) return Closed(link.status());
  link_ = *std::move(link);
  timer_ = parts_.loop->After(options_.welcome_timeout, [this] {
    Closed(absl::DeadlineExceededError("no answer from the controller within " + FormatDuration(options_.welcome_timeout)));
  });
  SendHello();
}

// Only a delta of a link that is gone is forgotten; what is being applied goes on.
void ControllerClient::Closed(const absl::Status& why) {
  const bool was_connected = connected();
  link_.reset();
  queue_.Clear();
  held_.reset();
  const Duration wait = backoff_.Next();
  status_.last_error = why.ok() ? "the controller ended the stream" : std::string(Message(why));
  if (const std::string_view remedy = rpc::ConnectRemedy(status_.last_error); !remedy.empty()) status_.last_error += fmt::format(" ({})", remedy);
  if (!was_connected) parts_.metrics->Add(observe::kControllerConnects, {"failed"});
  parts_.log->Warn(was_connected ? "controller stream lost" : "controller not reached",
                   {{"error", status_.last_error}, {"retry_in", FormatDurationRounded(wait)}});
  SetState(ControllerState::kWaiting);
  timer_ = parts_.loop->After(wait, [this] { Connect(); });
}

void ControllerClient::SendHello() {
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_node(options_.node);
  for (const auto& [key, value] : options_.labels) (*hello.mutable_labels())[key] = value;
  hello.set_zone(options_.zone);
  hello.set_version(options_.version);
  hello.set_applied_generation(serving_->generation());
  hello.set_applied_digest(serving_->digest());
  hello.set_instance(options_.instance);
  for (const v1::Violation& violation : quarantined_) *hello.add_quarantined() = violation;
  queue_.PushAnswer(std::move(message));
  Pump();
}

void ControllerClient::Pump() {
  if (sending_ || link_ == nullptr) return;
  std::optional<v1::AgentMessage> message = queue_.Pop();
  if (!message.has_value()) return;
  sending_ = true;
  link_->Send(*message);
}

void ControllerClient::Received(const v1::ControllerMessage& message) {
  switch (message.message_case()) {
    case v1::ControllerMessage::kWelcome: return Welcomed(message.welcome());
    case v1::ControllerMessage::kConfig: return Configure(message.config());
    case v1::ControllerMessage::kTicketKeys:
      if (on_ticket_keys_) on_ticket_keys_(message.ticket_keys());
      return;
    case v1::ControllerMessage::kOverlay:
      if (on_overlay_) on_overlay_(message.overlay());
      return;
    case v1::ControllerMessage::kProbes:
      if (on_probes_) on_probes_(message.probes());
      return;
    case v1::ControllerMessage::kSubsets:
      if (on_subsets_) on_subsets_(message.subsets());
      return;
    case v1::ControllerMessage::kLogLevel:
      if (on_log_level_) on_log_level_(message.log_level());
      return;
    case v1::ControllerMessage::MESSAGE_NOT_SET: return;  // a message of a later version
  }
}

void ControllerClient::Welcomed(const v1::Welcome& welcome) {
  timer_.reset();
  backoff_.Reset();
  SetState(ControllerState::kConnected);
  ++status_.connects;
  status_.last_error.clear();
  status_.controller_instance = welcome.controller_instance();
  status_.controller_version = welcome.version();
  parts_.metrics->Add(observe::kControllerConnects, {"ok"});
  parts_.log->Info("controller connected", {{"controller", welcome.controller_instance()}, {"version", welcome.version()}});
  if (on_welcome_) on_welcome_(ReportInterval(welcome));
}

// --- configuration ---------------------------------------------------------------------------------------------------------------------

void ControllerClient::Configure(const v1::ConfigDelta& delta) {
  if (applying_ || paused_) {
    held_ = delta;
    return;
  }
  // Sent by a controller that had not yet heard of our answer when the stream broke.
  if (delta.to_generation() == serving_->generation() && delta.digest() == serving_->digest()) return Answer(Served());
  absl::StatusOr<SnapshotPtr> next = Derive(delta);
  if (!next.ok()) return Refuse(delta, next.status());
  ApplyNext(*std::move(next));
}

v1::ConfigStatus ControllerClient::Served() const {
  v1::ConfigStatus answer;
  answer.set_generation(serving_->generation());
  answer.set_applied(true);
  for (const v1::Violation& violation : quarantined_) *answer.add_violations() = violation;
  return answer;
}

void ControllerClient::Refuse(const v1::ConfigDelta& delta, const absl::Status& why) {
  v1::ConfigStatus answer;
  answer.set_generation(delta.to_generation());
  answer.set_resync(!delta.full());
  if (delta.full()) answer.add_violations()->set_reason(std::string(Message(why)));
  parts_.metrics->Add(observe::kConfigApplies, {delta.full() ? "rejected" : "resync"});
  parts_.log->Warn("configuration does not fit", {{"generation", delta.to_generation()}, {"error", Message(why)}, {"full", delta.full()}});
  Answer(answer);
}

std::function<void(std::function<void()>)> ControllerClient::Poster() {
  return [loop = parts_.loop, alive = alive_](std::function<void()> work) {
    loop->Post([alive, work = std::move(work)] {
      if (*alive) work();
    });
  };
}

absl::StatusOr<SnapshotPtr> ControllerClient::Derive(const v1::ConfigDelta& delta) const {
  if (parts_.derive) return parts_.derive(serving_, delta);
  absl::StatusOr<v1::Snapshot> next = switchyard::config::ApplyDelta(*serving_, delta);
  if (!next.ok()) return next.status();
  return std::make_shared<const v1::Snapshot>(*std::move(next));
}

void ControllerClient::ApplyNext(SnapshotPtr next) {
  applying_ = true;
  applying_epoch_ = epoch_;
  const TimePoint start = parts_.clock->Now();
  parts_.sink->Apply(*next, [this, next, start, post = Poster(), clock = parts_.clock](ApplyOutcome outcome) {
    const Duration took = clock->Now() - start;
    post([this, next, outcome = std::move(outcome), took] { Applied(next, outcome, took); });
  });
}

void ControllerClient::Applied(SnapshotPtr next, ApplyOutcome outcome, Duration took) {
  const v1::ConfigStatus answer = AnswerTo(next->generation(), outcome, took);
  parts_.metrics->Add(observe::kConfigApplies, {ResultName(outcome)});
  parts_.log->Info("configuration " + std::string(ResultName(outcome)),
                   {{"generation", next->generation()}, {"took", FormatDurationRounded(took)}, {"violations", outcome.violations.size()}});
  if (!outcome.applied) return FinishApply(answer);
  const SnapshotPtr before = std::exchange(serving_, Holding(*serving_, quarantined_, outcome.violations, next));
  quarantined_ = std::move(outcome.violations);
  retry_wait_ = kFirstRetry;
  RetryLater();
  if (on_applied_) on_applied_(*before, *serving_);
  Store([this, answer] { FinishApply(answer); });
}

void ControllerClient::Store(std::function<void()> stored) {
  if (!parts_.store) return stored();
  parts_.store(*serving_, [this, stored = std::move(stored), post = Poster()](const absl::Status& status) {
    post([this, stored, status] {
      parts_.metrics->Add(observe::kLastGoodWrites, {status.ok() ? "ok" : "failed"});
      if (!status.ok()) parts_.log->Error("last-good file not written", {{"error", Message(status)}});
      stored();
    });
  });
}

void ControllerClient::FinishApply(const v1::ConfigStatus& answer) {
  if (applying_epoch_ == epoch_) Answer(answer);
  EndApply();
}

void ControllerClient::EndApply() {
  applying_ = false;
  if (const auto quiet = std::exchange(quiet_, nullptr); quiet) quiet();
  if (paused_) return;
  if (const std::optional<v1::ConfigDelta> held = std::exchange(held_, std::nullopt); held.has_value()) Configure(*held);
}

void ControllerClient::RetryLater() {
  retry_timer_.reset();
  if (quarantined_.empty()) return;
  retry_timer_ = parts_.loop->After(retry_wait_, [this] { Retry(); });
  retry_wait_ = std::min(2 * retry_wait_, kMaxRetry);
}

void ControllerClient::Retry() {
  // What is under way brings an answer of its own.
  if (applying_ || paused_) return RetryLater();
  applying_ = true;
  parts_.sink->Apply(*serving_, [this, post = Poster()](ApplyOutcome outcome) {
    post([this, outcome = std::move(outcome)] { Retried(outcome); });
  });
}

void ControllerClient::Retried(ApplyOutcome outcome) {
  const bool news = outcome.applied && !Same(outcome.violations, quarantined_);
  if (!news) {
    RetryLater();
    return EndApply();
  }
  parts_.metrics->Add(observe::kConfigApplies, {ResultName(outcome)});
  parts_.log->Info("quarantine changed", {{"generation", serving_->generation()}, {"violations", outcome.violations.size()}});
  serving_ = Holding(*serving_, quarantined_, outcome.violations, serving_);
  quarantined_ = std::move(outcome.violations);
  RetryLater();
  Store([this] {
    if (connected()) Answer(Served());
    EndApply();
  });
}

void ControllerClient::Answer(const v1::ConfigStatus& answer) {
  if (link_ == nullptr) return;
  v1::AgentMessage message;
  *message.mutable_config_status() = answer;
  if (!queue_.PushAnswer(std::move(message))) return Closed(absl::ResourceExhaustedError("the stream does not take answers"));
  Pump();
}

// --- reports, events, renewal ----------------------------------------------------------------------------------------------------------

void ControllerClient::SendReport(v1::Report report) {
  v1::AgentMessage message;
  *message.mutable_report() = std::move(report);
  if (!connected() || !queue_.PushReport(std::move(message))) parts_.metrics->Add(observe::kControllerDropped, {"report"});
  Pump();
}

void ControllerClient::SendEvent(v1::Event event) {
  v1::AgentMessage message;
  *message.mutable_event() = std::move(event);
  if (!connected() || !queue_.PushEvent(std::move(message))) parts_.metrics->Add(observe::kControllerDropped, {"event"});
  Pump();
}

bool ControllerClient::SendEvidence(v1::Evidence evidence) {
  if (!MaySendEvidence()) return false;
  v1::AgentMessage message;
  *message.mutable_evidence() = std::move(evidence);
  queue_.PushEvidence(std::move(message));
  Pump();
  return true;
}

void ControllerClient::SendPredecessor(const v1::Predecessor& predecessor) {
  v1::AgentMessage message;
  *message.mutable_predecessor() = predecessor;
  if (connected()) queue_.PushEvent(std::move(message));
  Pump();
}

void ControllerClient::SendSubsets(const v1::SubsetAssignment& subsets) {
  v1::AgentMessage message;
  *message.mutable_subsets() = subsets;
  if (connected()) queue_.PushEvent(std::move(message));
  Pump();
}

void ControllerClient::SendLogLevel(const v1::LogLevel& level) {
  v1::AgentMessage message;
  *message.mutable_log_level() = level;
  if (connected()) queue_.PushEvent(std::move(message));
  Pump();
}

void ControllerClient::Renew(const v1::RenewRequest& request, std::function<void(absl::StatusOr<v1::RenewResponse>)> done) {
  if (!connected()) return done(absl::UnavailableError("not connected to the controller"));
  link_->Renew(request, std::move(done));
}

}  // namespace switchyard::agent::config
