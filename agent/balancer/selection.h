// Selection: everything around the balancer that decides which backend takes an attempt: who may, tiers, zones, slow start, panic.
//
// Order of decisions. Who may: ACTIVE, healthy by probes, neither ejected nor barred by a breaker. Subset: only the agent's own backends of a tier, while 1.4
// times their usable weight covers that of all its own; then all of the tier. Panic: if what is left is less than `least_capacity` of the ACTIVE weight,
// ejected and then unhealthy backends come back, those with the fewest errors first, until it is reached; if nothing at all is left, all but the barred.
// Tier: the first takes everything while 1.4 times its usable weight covers it; the rest goes to the next. Zone: see zone_share.h. Then the balancer of that
// group. The one to avoid is left out while any other backend of any group is usable.
//
// The same code runs in the proxy and in tests/sim, on the time it is given.
// Thread-safety: one worker. Cost: Pick is the balancer's plus a few ns and allocates nothing; Refresh is O(n), every 10 ms.
#pragma once

#include <memory>
#include <vector>

#include "agent/balancer/plan.h"
#include "agent/balancer/zone_share.h"

namespace switchyard::agent::balancer {

// What others decided about one backend.
struct Standing {
  bool active = true;    // an operator lets it take new requests
  bool healthy = true;   // probes
  bool ejected = false;  // by evidence; panic may overrule it
  bool barred = false;   // by a breaker that counts or is forced; nothing overrules it
  float share = 1;       // of its weight: trial traffic, soft verdicts
  float effective = 1;   // factor to its weight: what the fleet found it able to do; hash balancers do without
  bool left_out = false;  // not in this agent's subset
  bool forced = false;   // an operator wants it in: panic or not, whatever probes and evidence say
};

class Selection {
 public:
  // `evidence`: per member, each may be null, must outlive the selection.
  Selection(std::shared_ptr<const Plan> plan, std::span<const LocalEvidence* const> evidence, Random& random);

  const Plan& plan() const { return *plan_; }
  void SetInFlight(std::size_t member, std::uint32_t count);
  // Of the rest of the fleet; 0: not known. And when it was told; zero: not at all.
  void SetOthers(std::size_t member, float count) { facts_[slots_[member]].others = count; }
  void SetOthersAt(TimePoint at) { others_at_ = at; }
  // Of a member that came back or is new. See slow_start.h.
  SlowStart& slow_start(std::size_t member) { return slow_starts_[member]; }

  static constexpr Duration kRefreshEvery = std::chrono::milliseconds(10);
  bool RefreshDue(TimePoint now) const { return now - refreshed_ >= kRefreshEvery || !ever_refreshed_; }
  void Refresh(TimePoint now, std::span<const Standing> standings);

  // The member for this attempt, or kNone.
  std::size_t Pick(std::optional<std::uint64_t> key, std::size_t avoid, TimePoint now, Random& random);
  // The same for a request that these members do not take, unless `yields` and what is left is less than `least_capacity` of the ACTIVE weight. O(without).
  std::size_t PickWithout(std::span<const std::size_t> without, bool yields, std::optional<std::uint64_t> key, std::size_t avoid, TimePoint now,
                          Random& random);
  // Takes nothing until the next refresh, unless it is the last.
  void Withhold(std::size_t member);
  // Whether this member may take an attempt now (sticky sessions, trials).
  bool usable(std::size_t member) const { return facts_[slots_[member]].usable; }

  void OnReport(std::size_t member, const Report& report);
  std::size_t Wanted(TimePoint now, Random& random, std::span<std::size_t> out);

  bool panic() const { return panic_; }
  double typical_latency() const { return typical_latency_; }
  double typical_error() const { return typical_error_; }

 private:
  struct Group {
    std::uint32_t tier = 0;
    bool local = true;
    std::size_t begin = 0;  // in facts_
    std::size_t size = 0;
    std::unique_ptr<Balancer> balancer;
    double active_weight = 0;
    double usable_weight = 0;
    double shares = 0;
    std::uint32_t in_flight = 0;
    double latency = 0;  // typical
  };

  void Judge(TimePoint now, std::span<const Standing> standings);
  void Narrow(std::span<const Standing> standings);
  void Restore(std::span<const Standing> standings, double active, double usable);
  void Sum(std::span<const Standing> standings);
  void Measure(TimePoint now);
  void ShareTiers();
  std::size_t DrawGroup(Random& random) const;
  View ViewOf(const Group& group, std::size_t avoid, TimePoint now) const;
  Group& GroupOf(std::size_t slot);
  std::size_t PickIn(Group& group, std::optional<std::uint64_t> key, std::size_t avoid, TimePoint now, Random& random);

  const std::shared_ptr<const Plan> plan_;
  std::vector<BackendFacts> facts_;     // group after group
  std::vector<std::size_t> slots_;      // member -> place in facts_
  std::vector<std::uint32_t> members_;  // place in facts_ -> member
  std::vector<SlowStart> slow_starts_;  // by member
  std::vector<char> out_;               // place in facts_ -> left out of the subset, which is enough
  std::vector<Group> groups_;
  std::vector<double> tier_load_;  // cumulative, last is 1
  std::vector<double> own_active_;  // by tier, of the subset
  std::vector<double> own_usable_;
  std::vector<ZoneShare> zones_;   // by tier
  std::vector<double> scratch_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> taken_out_;  // for one pick
  TimePoint refreshed_{};
  TimePoint measured_{};
  TimePoint others_at_{};
  bool ever_refreshed_ = false;
  bool panic_ = false;
  double typical_latency_ = 0;
  double typical_error_ = 0;
};

}  // namespace switchyard::agent::balancer
