// Ledger: everything that the controller knows of the backends beyond their configuration, and what it holds of them.
//
//   Evidence (100 ms) ─▶ cells (agent x backend) ─▶ Judge: baseline, suspicion, verdict ─▶ Word
//   Report (1 s)      ─▶ utilisation, votes of probers ─▶ StepWeights, health          ─▶ Word
//   Report (1 s)      ─▶ latency histograms ─▶ JudgeSlowness: pace, suspicion, verdict ─▶ Word, the worse of both
//
// Time: everything counts when it arrives, by the controller's clock; an agent's own clock decides nothing. Once only: of one agent process each
// sequence number counts once and never after a higher one.
// Blame: a failure may be the backend's or the agent's. An agent that sees failures at two or more backends, and at half of those it uses, where the
// others see none is at fault itself: for 5 s its word does not count, and what it said since the onset is taken back. Of what is left, a
// backend is judged without the agent that says most against it (suspicion.h). Nobody's counts weigh more than 4 times the mean agent's.
// Routes: agents tell apart what routes with trouble see. A backend is judged without the route that says most against it, too (suspicion.h): one
// sick endpoint is no sick backend. What fails for a route at the middle backend is the route's nature (route_views.h): it is compared with that and
// stays out of the baseline, unless such routes make up two thirds of all.
// Baseline: the middle of the peers' error shares over 2 s, over 0.5 s and of this step alone; the worst of the three is what is usual.
//
// Bounds: kMaxAgents, kMaxBackends, one cell per backend that an agent names (at most 20,000), kMostRoutesTold routes of one in a message,
// RouteViews::kMost known per backend, kMaxPending counts between two Judges. What is beyond is dropped and counted. Evidence on backends that no
// configuration names is dropped, but for upstreams with discovery (1000 each).
// Pure: time and randomness are passed in. Thread-safety: one owner (FleetLoop, under its lock). Cost: O(records) per Evidence, O(backends of the
// upstreams touched) per Judge.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "controlplane/fleet/fading.h"
#include "controlplane/fleet/route_views.h"
#include "controlplane/fleet/slowness.h"
#include "controlplane/fleet/suspicion.h"
#include "controlplane/fleet/terms.h"
#include "controlplane/fleet/verdict_rule.h"
#include "controlplane/fleet/weight_law.h"
#include "controlplane/store/catalog.h"
#include "switchyard/v1/fleet.pb.h"
#include "switchyard/v1/overlay.pb.h"
#include "switchyard/v1/report.pb.h"

namespace switchyard::controlplane::fleet {

inline constexpr std::size_t kMaxAgents = 10'000;
inline constexpr std::size_t kMaxBackends = 20'000;
inline constexpr std::size_t kMaxDiscovered = 1'000;
inline constexpr std::size_t kMaxCells = 20'000;
inline constexpr std::size_t kMaxPending = 1'000'000;
inline constexpr std::size_t kMaxSlowRows = 1'000'000;
inline constexpr int kMostRoutesTold = 16;

struct Agent;
struct Upstream;

// One agent's view of one backend.
struct Cell {
  struct Backend* backend = nullptr;  // null: of no configuration
  std::uint32_t in_flight = 0;
  Suspicion::Mark mark;
  Lately counts;  // without routes that fail everywhere
};

struct Vote {
  std::string node;
  v1::Health health = v1::HEALTH_UNSPECIFIED;
  TimePoint at{};
};

struct OverrideState {
  v1::Override override = v1::OVERRIDE_NONE;
  WallTime until{};
  std::string reason;
};

struct Backend {
  std::uint32_t id = 0;
  Upstream* upstream = nullptr;
  std::string address;
  bool configured = true;  // false: found by agents
  bool active = true;
  std::uint32_t priority = 0;
  std::string zone;

  // What is seen: all, and without routes that fail everywhere.
  Lately lately;
  Lately judged;
  JustNow just_now;
  double step_attempts = 0;  // since the last Judge
  double step_failed = 0;
  std::int64_t in_flight = 0;
  FadingCounts<2000> busy;  // attempts: samples, failed: their sum; of utilisation
  double load_mean = 0;     // of in-flight, for `concurrency`
  TimePoint load_at{};
  std::vector<std::pair<Agent*, std::uint32_t>> users;  // cells that point here
  std::vector<std::string> probers;  // nodes that probe it for the fleet; only they have a vote
  std::vector<Vote> votes;
  std::unique_ptr<RouteViews> routes;  // null: none has trouble here

  // What is held of it.
  Suspicion suspicion;
  VerdictMachine machine;
  CaseFile file;
  std::unique_ptr<Slowness> slow;  // null: no latency was ever told
  bool was_unhealthy = false;  // by probes, at some time since it was ejected
  TimePoint well_since{};      // by probes, after that
  TimePoint last_failure{};    // of an agent that is not at fault itself
  std::string reason;
  std::string guard;
  WeightState weight;
  std::vector<float> history;  // of the factor, every 5 s, newest last
  std::optional<OverrideState> override;

  // What is told, and when it last changed: epochs of the ledger.
  v1::BackendWord word;
  std::uint32_t told_in_flight = 0;
  std::uint64_t named_epoch = 0;  // 0: nobody was told of it yet
  std::uint64_t word_epoch = 0;
  std::uint64_t flight_epoch = 0;
};

struct Upstream {
  std::string name;
  UpstreamTerms terms;
  std::map<std::string, std::unique_ptr<Backend>, std::less<>> backends;
  double usual_error = 0;  // at the last Judge
  double usual_slow = 0;   // at the last JudgeSlowness
  Natures natures;         // of its routes
  TimePoint natures_at{};
  bool paced = false;      // latencies are known, or some backend is held to be slow
  bool touched = false;    // since the last Judge
  bool watched = false;    // some backend is not plainly good
};

struct Agent {
  std::string node;
  std::string instance;
  std::uint32_t number = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t last_report = 0;  // its sequence
  TimePoint last_heard{};
  TimePoint last_evidence{};
  TimePoint at_fault_until{};
  std::vector<Cell> cells;  // by the agent's number of the backend, from 1
};

struct LedgerCounters {
  std::uint64_t evidence = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t malformed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t ejections = 0;
  std::uint64_t slow_ejections = 0;  // beside these
};

class Ledger {
 public:
  explicit Ledger(std::uint64_t seed) : random_(seed) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  void SetCatalog(const store::Catalog& catalog, TimePoint now);
  // True: there are failures in it, and Judge should not wait.
  bool OnEvidence(const std::string& node, const std::string& instance, const v1::Evidence& evidence, TimePoint now);
  void OnReport(const std::string& node, const std::string& instance, const v1::Report& report, TimePoint now);
  // True: what the fleet holds of its health changed.
  bool OnHealth(const std::string& node, const v1::HealthChange& change, TimePoint now);
  void OnGone(const std::string& node);

  // Every 100 ms, and soon after evidence with failures. True: some Word changed.
  bool Judge(TimePoint now, WallTime wall);
  // Every second, before Judge.
  void JudgeSlowness(TimePoint now);
  // Every second. True: some Word changed.
  bool StepAllWeights(TimePoint now);
  // How many upstreams have the backend (of this upstream, or of any if empty), and the override is set there.
  std::vector<std::string> SetOverride(const std::string& upstream, const std::string& backend, const OverrideState& override);

  std::map<std::string, std::unique_ptr<Upstream>, std::less<>>& upstreams() { return upstreams_; }
  const std::map<std::string, std::unique_ptr<Upstream>, std::less<>>& upstreams() const { return upstreams_; }
  const std::map<std::string, std::unique_ptr<Agent>, std::less<>>& agents() const { return agents_; }
  const LedgerCounters& counters() const { return counters_; }
  bool AtFault(const Agent& agent, TimePoint now) const { return now < agent.at_fault_until; }
  // Agents with attempts at it lately.
  static std::uint32_t UsersOf(const Backend& backend, TimePoint now);
  std::uint64_t epoch() const { return epoch_; }
  // Takes over what changed of the requests in flight, for upstreams that want them. How many backends did.
  std::size_t TellInFlight();

 private:
  struct Pending {
    Agent* agent;
    std::uint32_t cell;
    std::uint64_t route;
    double succeeded;
    double failed;    // attempts
    double severity;  // failures, weighted
  };

  std::uint64_t NextEpoch() { return ++epoch_; }
  // Its word or its requests in flight changed just now.
  void Told(Backend& backend, std::uint64_t& epoch);
  Agent* AgentOf(const std::string& node, const std::string& instance);
  void ForgetCells(Agent& agent);
  bool ForgetGoneAgent();
  bool Define(Agent& agent, const v1::BackendEvidence& record);
  Backend* FindOrMake(const std::string& upstream, const std::string& backend);
  Backend* MakeBackend(Upstream& upstream, const std::string& address);
  void DropBackend(Backend& backend);
  void DropUnused(Upstream& upstream);
  static double CapOf(const Backend& backend, const Cell& cell, double gap, TimePoint now);
  // `gap`: seconds since the agent's evidence before.
  void Count(Agent& agent, const v1::BackendEvidence& record, double gap, TimePoint now);
  void CountForRoute(const Pending& seen, TimePoint now);
  void FindFault(Agent& agent, const v1::Evidence& evidence, TimePoint now);
  void Measure(Upstream& upstream, TimePoint now);
  static void MeasureNatures(Upstream& upstream, TimePoint now);
  void Weigh(TimePoint now);
  bool JudgeUpstream(Upstream& upstream, TimePoint now, WallTime wall);
  void TakeLatency(const Agent& agent, Backend& backend, const v1::BackendReport& report, TimePoint now);
  void TakeSlowRow(const SlowRow& row, TimePoint now);
  void DropSlowAgents();
  static void MeasurePace(Upstream& upstream, TimePoint now);
  static void WeighSlow(std::span<const SlowRow> rows);
  void StepErrors(Backend& backend, TimePoint now);
  void StepSlow(Backend& backend, TimePoint now);
  static std::uint32_t NeededOf(const Backend& backend, TimePoint now);
  static double RequestsOf(const Upstream& upstream, TimePoint now);
  void MakeFile(Backend& backend, TimePoint now) const;
  std::string WhyNotEject(const Backend& backend, TimePoint now) const;
  bool CountVotes(Backend& backend, TimePoint now);

  Random random_;
  const EvidenceRule rule_;
  const FeedForward capacity_rule_;
  const BoundedStep weight_controller_;
  std::map<std::string, std::unique_ptr<Upstream>, std::less<>> upstreams_;
  std::map<std::string, std::unique_ptr<Agent>, std::less<>> agents_;
  std::vector<Pending> pending_;
  std::vector<SlowRow> slow_rows_;
  std::size_t backends_ = 0;
  std::uint32_t last_backend_ = 0;
  std::uint32_t last_agent_ = 0;
  std::uint64_t epoch_ = 1;
  std::uint64_t weight_periods_ = 0;
  LedgerCounters counters_;
};

// How this route fares at the middle backend; plain: well, or it is none in particular (0).
inline Nature NatureOf(const Upstream& upstream, std::uint64_t route) {
  if (route == 0 || upstream.natures.empty()) return {};
  const auto at = upstream.natures.find(route);
  return at == upstream.natures.end() ? Nature{} : at->second;
}
// What is to be told of a backend now, from its verdict, override, weight and health. True: it differs from `word`, which is then new.
bool RefreshWord(Backend& backend, WallTime wall);
std::string SlowReasonOf(const Backend& backend);
// Whether it is held back for being slow rather than for failing: the worse of both.
inline bool HeldAsSlow(const Backend& backend) { return backend.slow != nullptr && backend.slow->machine.share() < backend.machine.share(); }

}  // namespace switchyard::controlplane::fleet
