// FleetLoop: the closed loop of a controller, safe for threads: evidence of all agents in, what each agent is to be told out.
//
//   streams ──evidence, reports, events──▶ FleetLoop ──Tick──▶ verdicts, weights, probe plan
//   sessions ──Next(cursor)──▶ the frame that this agent lacks: a probe assignment, or an overlay of what changed since its last
//
// An overlay is encoded once per set of upstreams and point of departure, and shared by all sessions that are there (which is nearly all); a session that is
// slow is told later, and then everything at once. What is told needs no memory per agent but a number.
// After a start the loop knows nothing: everything is good, weights are as configured. Verdicts come again within the second if their cause is still there;
// overrides of operators are kept in the store and given back to it before agents come.
//
// Thread-safety: every method from any thread; one lock, held for O(records of a message) or O(backends of a set). `urgent` (see the constructor) is
// called without it. Bounds: Ledger's; frames per set: those of one epoch, at most kMaxFrames. Told requests in flight: at most 20 MB/s over all agents, by
// telling them less often; when once a second is too often, not at all.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/feedback/report_sink.h"
#include "controlplane/fleet/cursor.h"
#include "controlplane/fleet/ledger.h"
#include "controlplane/fleet/probe_plan.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::controlplane::fleet {

struct FleetLoopOptions {
  const Clock* clock = nullptr;
  std::string instance;
  std::uint64_t seed = 0;
  Duration report_interval = std::chrono::seconds(1);
};

class FleetLoop final : public feedback::ReportSink {
 public:
  static constexpr std::size_t kMaxFrames = 64;
  static constexpr Duration kTtl = std::chrono::seconds(10);
  static constexpr Duration kStillAlive = std::chrono::seconds(2);

  // `urgent`: something should be judged before the next tick. Short; from any thread.
  FleetLoop(FleetLoopOptions options, std::function<void()> urgent);

  void OnReport(const std::string& node, const std::string& instance, const v1::Report& report) override;
  void OnEvent(const std::string& node, const std::string& instance, const v1::Event& event) override;
  void OnEvidence(const std::string& node, const std::string& instance, const v1::Evidence& evidence) override;
  void OnGone(const std::string& node) override;

  void SetCatalog(const store::Catalog& catalog);
  void Join(const std::string& node, const std::string& zone);
  // Every 100 ms, and after `urgent`. True: sessions may have something to be told.
  bool Tick();
  // The next frame for this agent, which is to serve `target`; null: it has all. Moves the cursor.
  Frame Next(Cursor& cursor, const std::string& node, const std::shared_ptr<const v1::Snapshot>& target);

  absl::StatusOr<v1::ExplainResponse> Explain(const v1::ExplainRequest& request) const;
  v1::WeightsResponse Weights(const v1::WeightsRequest& request) const;
  // NOT_FOUND: no upstream has it.
  absl::StatusOr<std::vector<std::string>> SetOverride(const std::string& upstream, const std::string& backend, const OverrideState& override);
  LedgerCounters counters() const;
  // Backends by verdict, for metrics.
  std::map<v1::Verdict, std::size_t> Verdicts() const;

 private:
  struct Member {
    std::string zone;
    std::shared_ptr<UpstreamSet> set;
    bool silent = false;
    TimePoint joined{};
    std::uint64_t version = 0;
    Frame probes;  // null: probes everything itself
    std::string told;  // what `probes` says, for comparison
  };

  void Subscribe(const std::string& node, Cursor& cursor, const std::shared_ptr<const v1::Snapshot>& target);
  Frame NextOverlay(Cursor& cursor, TimePoint now);
  Frame Encode(const UpstreamSet& set, std::uint64_t since);
  void FindSilent(TimePoint now);
  void PlanProbes();
  void TellInFlight(TimePoint now);

  const FleetLoopOptions options_;
  const std::function<void()> urgent_;

  mutable std::mutex mutex_;
  Ledger ledger_;
  std::map<std::string, Member, std::less<>> members_;
  std::map<std::vector<std::string>, std::weak_ptr<UpstreamSet>> sets_;
  std::map<const v1::Snapshot*, std::pair<std::weak_ptr<const v1::Snapshot>, std::shared_ptr<UpstreamSet>>> by_target_;
  bool plan_due_ = false;
  std::uint64_t plan_version_ = 0;
  TimePoint stepped_{};
  TimePoint planned_{};
  TimePoint told_in_flight_{};
  Duration in_flight_gap_ = std::chrono::milliseconds(100);
};

}  // namespace switchyard::controlplane::fleet
