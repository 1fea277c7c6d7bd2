// FleetLoop: the closed loop of a controller, safe for threads: evidence of all agents in, what each agent is to be told out.
//
//   streams ──evidence, reports, events──▶ FleetLoop ──Tick──▶ verdicts, weights, probe plan
//   sessions ──Next(cursor)──▶ the frame that this agent lacks: a probe assignment, or an overlay of what changed since its last
//
// Agents of an upstream with `subset_size` are told which backends are theirs (subset_plan.h). Assignments are soft state of this process: after a start
// nothing is assigned for ten seconds, while agents come back and say what they have.
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
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/feedback/report_sink.h"
#include "controlplane/fleet/cursor.h"
#include "controlplane/fleet/ledger.h"
#include "controlplane/fleet/probe_plan.h"
#include "controlplane/fleet/subset_plan.h"
#include "switchyard/v1/snapshot.pb.h"
#include "switchyard/v1/subset.pb.h"

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
  // The subsets that this agent has from a controller before.
  void OnSubsets(const std::string& node, const v1::SubsetAssignment& subsets);

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
    SubsetPlan::Name name = 0;
    std::shared_ptr<UpstreamSet> set;
    bool silent = false;
    TimePoint joined{};
    bool settled = false;  // it has had the time to say what it has
    std::uint64_t version = 0;
    Frame probes;  // null: probes everything itself
    std::uint64_t probes_mark = 0;     // of `probes`, for comparison
    std::uint64_t subset_version = 0;  // 0: was told nothing
  };
  using Holders = std::set<const UpstreamSet*>;
  using Orders = std::map<std::string_view, std::vector<std::string_view>>;  // backends to probe, by upstream
  using Subset = std::map<std::uint32_t, SubsetPlan>;  // by priority

  // By what agents call them.
  using RouteNames = std::unordered_map<std::uint64_t, std::string>;

  v1::BackendExplanation ExplanationOf(const Backend& backend) const;
  void AddRoutes(const Backend& backend, TimePoint now, v1::BackendExplanation& out) const;
  void Subscribe(const std::string& node, Cursor& cursor, const std::shared_ptr<const v1::Snapshot>& target);
  Frame NextOverlay(Cursor& cursor, TimePoint now);
  Frame Encode(const UpstreamSet& set, std::uint64_t since);
  void FindSilent(TimePoint now);
  void Plan(TimePoint now);
  std::map<std::string_view, Holders> HoldersByUpstream() const;
  void PlanSubsets(const std::map<std::string_view, Holders>& holders, TimePoint now);
  void PlanSubset(const Upstream& upstream, const Holders& holders, const std::vector<Member*>& members);
  Frame EncodeSubsets(const std::string& node, const Member& member) const;
  static bool Assigned(const Subset& subset, const Backend& backend, SubsetPlan::Name agent);
  std::uint32_t AgentsAssigned(const Backend& backend) const;
  std::map<std::string_view, std::vector<ProbingAgent>> UsersBySubset(const Upstream& upstream, const Subset& subset) const;
  void PlanProbes(const std::map<std::string_view, Holders>& holders);
  void TellProbes(std::map<std::string_view, Orders>& orders, std::map<std::string_view, bool>& shared);
  static std::uint64_t MarkOf(const Orders& orders, std::uint64_t mark);
  void TellInFlight(TimePoint now);

  const FleetLoopOptions options_;
  const std::function<void()> urgent_;
  const TimePoint started_;

  mutable std::mutex mutex_;
  Ledger ledger_;
  RouteNames route_names_;
  std::map<std::string, Member, std::less<>> members_;
  std::map<std::vector<std::string>, std::weak_ptr<UpstreamSet>> sets_;
  std::map<const v1::Snapshot*, std::pair<std::weak_ptr<const v1::Snapshot>, std::shared_ptr<UpstreamSet>>> by_target_;
  std::map<std::string, Subset, std::less<>> subsets_;
  // What agents said that they have, until the next plan.
  std::map<std::string, std::unordered_map<SubsetPlan::Name, std::vector<SubsetPlan::Name>>, std::less<>> held_;
  bool plan_due_ = false;
  std::uint64_t plan_version_ = 0;
  TimePoint stepped_{};
  TimePoint planned_{};
  TimePoint told_in_flight_{};
  Duration in_flight_gap_ = std::chrono::milliseconds(100);
};

}  // namespace switchyard::controlplane::fleet
