// SubsetPlan: which agents use which of the backends of one priority of one upstream: `k` each, every backend with nearly as many agents as every other.
//
// Links that stand are kept as long as they may. An agent that lacks some takes the backends with the fewest agents, among equals those that suit it best by
// hash (common/base/rendezvous.h). Then links move from the backends with the most agents to those with the fewest, one by one, until they differ by no more
// than kSpread. So a backend that goes costs one new link at each of its agents and nobody else anything; one that comes takes its share and no more; agents
// come and go for the price of their own links, and of a few that keep the balance. That is what assigned subsets can do and stateless ones cannot: rings and
// hashes balance badly, shuffled slices (Google's SRE book, chapter 20) move nearly everything when a backend goes ("Reinventing Backend Subsetting", ACM
// Queue 20:5).
//
// Pure, and deterministic: the same agents, backends and standing links give the same plan. Thread-safety: one owner. Cost of Assign: O(links) when little
// changes; O(agents that lack some x backends) besides. Bounds: those of the fleet (10,000 agents) and of an upstream (5,000 backends).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace switchyard::controlplane::fleet {

// Of agents that each backend has at least, where there are so many: enough for a verdict even if one of them is wrong.
inline constexpr std::size_t kLeastAgentsPerBackend = 3;

class SubsetPlan {
 public:
  // Names as NameHash; two of the same hash count as one.
  using Name = std::uint64_t;

  // What an agent says that it has; only for one that has no links yet.
  void Hold(Name agent, std::vector<Name> backends);
  // Makes it so for these agents and backends. Agents whose backends changed.
  std::vector<Name> Assign(std::vector<Name> agents, std::vector<Name> backends, std::size_t k);

  // All agents use all backends: there are no more than `k`, or the agents are too few.
  bool all() const { return all_; }
  // Null: the agent is not in the plan.
  const std::vector<Name>* BackendsOf(Name agent) const;
  // How far numbers of agents may differ, of so many links over so many backends: a fiftieth of the mean, at least one.
  static std::uint32_t SpreadOf(std::size_t links, std::size_t backends);

 private:
  using Links = std::vector<std::uint32_t>;  // places of backends

  struct Work;
  void Keep(Work& work) const;
  static void Shrink(Work& work);
  static void Fill(Work& work);
  static void Level(Work& work);

  std::unordered_map<Name, std::vector<Name>> links_;  // backends by agent, sorted
  bool all_ = true;
};

}  // namespace switchyard::controlplane::fleet
