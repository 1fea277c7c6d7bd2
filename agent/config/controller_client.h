// ControllerClient: keeps the agent's stream to the controller, for ever, and carries configuration down and reports up.
//
// States: stopped -> connecting (link open, Hello sent) -> connected (Welcome received) -> waiting (backoff) -> connecting ...
// A stream without Welcome after `welcome_timeout` is given up. The backoff (full jitter, common/rpc/backoff.h) starts anew once a stream has
// been welcomed. Several controllers are tried in turn by the factory.
//
// Configuration: a ConfigDelta is laid on the snapshot served now; if it does not fit (unknown base, wrong digest) the controller is asked for
// a full one. The result goes to the ConfigSink; once applied it is stored (agent/config/last_good_file.h says in which order and why), and
// then the controller is told. A delta that arrives while another is being applied waits, at most one. A full delta that does not fit
// itself is answered with a violation and not asked for again. While something is in quarantine the same snapshot is given to the sink again, after
// 5 s and then ever less often, at least each minute: a port may be free by then. What comes of it is stored and told like a first answer.
//
// Thread-safety: loop thread only, except that the sink and the store may answer from any thread.
// Bounds: see send_queue.h; reports and events are dropped and counted while there is no welcomed stream, since the next report tells the state.
// Errors: every failure ends in `status().last_error`, a log line and a later try; nothing here ends the agent.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config_sink.h"
#include "agent/config/controller_link.h"
#include "agent/config/send_queue.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/observe/log.h"
#include "common/observe/metrics.h"
#include "common/rpc/backoff.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::agent::config {

struct ControllerClientOptions {
  std::string node;
  std::map<std::string, std::string> labels;
  std::string zone;
  std::string version;
  // Differs from start to start of the process.
  std::string instance;
  rpc::BackoffOptions backoff;
  std::uint64_t seed = 0;
  Duration welcome_timeout = std::chrono::seconds(10);
};

using SnapshotPtr = std::shared_ptr<const v1::Snapshot>;

// What the client leans on. All must outlive it.
struct ControllerClientParts {
  Loop* loop = nullptr;
  const Clock* clock = nullptr;
  ControllerLinkFactory* links = nullptr;
  ConfigSink* sink = nullptr;
  observe::Log* log = nullptr;
  observe::Metrics* metrics = nullptr;
  // Stores a snapshot as last good; `done` on any thread. Empty: nothing is stored.
  std::function<void(const v1::Snapshot&, std::function<void(absl::Status)> done)> store;
  // The snapshot after a delta. Empty: ApplyDelta. Clients that share a process may share what they derive.
  std::function<absl::StatusOr<SnapshotPtr>(const SnapshotPtr& base, const v1::ConfigDelta&)> derive;
};

enum class ControllerState : std::uint8_t { kStopped, kConnecting, kConnected, kWaiting };
// `stopped`, `connecting`, `connected`, `waiting`.
const char* ControllerStateName(ControllerState state);

struct ControllerStatus {
  ControllerState state = ControllerState::kStopped;
  // Of the newest failure; stays until a stream is welcomed.
  std::string last_error;
  std::string controller_instance;
  std::string controller_version;
  // Since the state is as it is.
  TimePoint since{};
  std::uint64_t connects = 0;
};

class ControllerClient {
 public:
  ControllerClient(const ControllerClientParts& parts, ControllerClientOptions options);
  ~ControllerClient();
  ControllerClient(const ControllerClient&) = delete;
  ControllerClient& operator=(const ControllerClient&) = delete;

  // Told of each snapshot that the sink has applied: what was served before, what is served now.
  void OnApplied(std::function<void(const v1::Snapshot&, const v1::Snapshot&)> applied) { on_applied_ = std::move(applied); }
  // Told the report interval of each Welcome.
  void OnWelcome(std::function<void(Duration)> welcome) { on_welcome_ = std::move(welcome); }
  // Keys of session tickets came.
  void OnTicketKeys(std::function<void(const v1::TicketKeys&)> keys) { on_ticket_keys_ = std::move(keys); }

  // What the fleet knows, and which backends to probe for it.
  void OnOverlay(std::function<void(const v1::Overlay&)> overlay) { on_overlay_ = std::move(overlay); }
  void OnProbes(std::function<void(const v1::ProbeAssignment&)> probes) { on_probes_ = std::move(probes); }
  // Which backends to use, where upstreams have subsets.
  void OnSubsets(std::function<void(const v1::SubsetAssignment&)> subsets) { on_subsets_ = std::move(subsets); }
  // Told which lines to log.
  void OnLogLevel(std::function<void(const v1::LogLevel&)> level) { on_log_level_ = std::move(level); }

  // What the sink serves already (from the last-good file). Before Start.
  void SetServing(v1::Snapshot snapshot, std::vector<v1::Violation> quarantined);
  // Starts to connect and never gives up. Later calls do nothing.
  void Start();
  // Applies nothing more until Resume; `quiet` runs, now or later, when nothing is being applied or stored any more.
  void Pause(std::function<void()> quiet);
  void Resume();
  // Ends the stream; no further call to sink or callbacks is started.
  void Stop();

  void SendReport(v1::Report report);
  void SendEvent(v1::Event event);
  // False: there is no welcomed stream, or the one before waits still; nothing was taken.
  bool SendEvidence(v1::Evidence evidence);
  bool MaySendEvidence() const { return connected() && !queue_.has_evidence(); }
  // Of an upgrade under way; dropped, not counted, while there is no stream: the next tells more.
  void SendPredecessor(const v1::Predecessor& predecessor);
  void SendLogLevel(const v1::LogLevel& level);
  void SendSubsets(const v1::SubsetAssignment& subsets);
  // Needs a welcomed stream: UNAVAILABLE otherwise. `done` never runs when the stream ends before.
  void Renew(const v1::RenewRequest& request, std::function<void(absl::StatusOr<v1::RenewResponse>)> done);

  bool connected() const { return status_.state == ControllerState::kConnected; }
  const ControllerStatus& status() const { return status_; }
  const v1::Snapshot& serving() const { return *serving_; }
  const std::vector<v1::Violation>& quarantined() const { return quarantined_; }
  // Time since the controller was last heard of on a welcomed stream; 0 while there is one.
  Duration SinceContact() const;

 private:
  void Connect();
  void Closed(const absl::Status& why);
  void SetState(ControllerState state);
  void ShowState();
  void Received(const v1::ControllerMessage& message);
  void Welcomed(const v1::Welcome& welcome);
  void Configure(const v1::ConfigDelta& delta);
  v1::ConfigStatus Served() const;
  void Refuse(const v1::ConfigDelta& delta, const absl::Status& why);
  absl::StatusOr<SnapshotPtr> Derive(const v1::ConfigDelta& delta) const;
  void ApplyNext(SnapshotPtr next);
  void Applied(SnapshotPtr next, ApplyOutcome outcome, Duration took);
  void FinishApply(const v1::ConfigStatus& answer);
  void EndApply();
  // What is stored is served, with the last good versions of what is in quarantine.
  void Store(std::function<void()> stored);
  void RetryLater();
  void Retry();
  void Retried(ApplyOutcome outcome);
  void Answer(const v1::ConfigStatus& answer);
  void SendHello();
  void Pump();
  // Runs `work` on the loop unless the client is gone by then.
  std::function<void(std::function<void()>)> Poster();

  const ControllerClientParts parts_;
  const ControllerClientOptions options_;
  rpc::Backoff backoff_;
  std::function<void(const v1::Snapshot&, const v1::Snapshot&)> on_applied_;
  std::function<void(Duration)> on_welcome_;
  std::function<void(const v1::TicketKeys&)> on_ticket_keys_;
  std::function<void(const v1::Overlay&)> on_overlay_;
  std::function<void(const v1::ProbeAssignment&)> on_probes_;
  std::function<void(const v1::SubsetAssignment&)> on_subsets_;
  std::function<void(const v1::LogLevel&)> on_log_level_;

  ControllerStatus status_;
  TimePoint last_contact_;
  std::unique_ptr<ControllerLink> link_;
  // Counts links, so that an answer is never sent on a later one.
  std::uint64_t epoch_ = 0;
  bool sending_ = false;
  SendQueue queue_;
  std::unique_ptr<Loop::Timer> timer_;

  SnapshotPtr serving_;  // never null
  std::vector<v1::Violation> quarantined_;
  bool applying_ = false;
  bool paused_ = false;
  std::function<void()> quiet_;
  std::uint64_t applying_epoch_ = 0;
  std::optional<v1::ConfigDelta> held_;
  std::unique_ptr<Loop::Timer> retry_timer_;
  Duration retry_wait_;
  // Falls to false with the client; read on the loop thread only.
  std::shared_ptr<bool> alive_;
};

}  // namespace switchyard::agent::config
