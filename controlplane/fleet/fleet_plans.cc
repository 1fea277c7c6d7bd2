// What the loop shares out among the agents: subsets of backends, and probes.
#include <algorithm>
#include <set>
#include <utility>

#include "common/base/rendezvous.h"
#include "controlplane/fleet/fleet_loop.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::fleet {
namespace {

// After the controller's start: agents come back with what they had, and would only be moved and moved back while few are there.
constexpr Duration kSettle = std::chrono::seconds(10);
// After a stream's start: what the agent says that it has comes after Welcome.
constexpr Duration kSettleAgent = std::chrono::seconds(1);

constexpr int kMostHeld = 5'000;

}  // namespace

std::map<std::string_view, FleetLoop::Holders> FleetLoop::HoldersByUpstream() const {
  std::map<std::string_view, Holders> out;
  for (const auto& [node, member] : members_) {
    if (member.set == nullptr) continue;
    for (const std::string& name : member.set->names) out[name].insert(member.set.get());
  }
  return out;
}

void FleetLoop::Plan(TimePoint now) {
  const std::map<std::string_view, Holders> holders = HoldersByUpstream();
  PlanSubsets(holders, now);
  PlanProbes(holders);
}

void FleetLoop::PlanSubsets(const std::map<std::string_view, Holders>& holders, TimePoint now) {
  const bool wanted = std::any_of(ledger_.upstreams().begin(), ledger_.upstreams().end(), [](const auto& one) { return one.second->terms.subset_size > 0; });
  if (!wanted && subsets_.empty()) return;
  if (now - started_ < kSettle) {
    plan_due_ = true;
    return;
  }
  std::vector<Member*> members;
  for (auto& [node, member] : members_) {
    if (member.set == nullptr) continue;
    member.settled = now - member.joined >= kSettleAgent;
    plan_due_ = plan_due_ || !member.settled;
    members.push_back(&member);
  }
  ++plan_version_;
  for (const auto& [name, upstream] : ledger_.upstreams()) {
    const auto held = holders.find(name);
    if (upstream->terms.subset_size > 0 && held != holders.end()) PlanSubset(*upstream, held->second, members);
  }
  std::erase_if(subsets_, [&](const auto& one) {
    const auto at = ledger_.upstreams().find(one.first);
    const bool gone = at == ledger_.upstreams().end() || at->second->terms.subset_size == 0;
    if (gone) {
      for (Member* member : members) member->subset_version = plan_version_;
    }
    return gone;
  });
  // Whoever was told nothing yet is told that there is nothing, if so.
  for (Member* member : members) {
    if (member->subset_version == 0 && member->settled) member->subset_version = plan_version_;
  }
}

void FleetLoop::PlanSubset(const Upstream& upstream, const Holders& holders, const std::vector<Member*>& members) {
  std::vector<SubsetPlan::Name> agents;
  std::unordered_map<SubsetPlan::Name, Member*> by_name;
  Subset& subset = subsets_[upstream.name];
  for (Member* member : members) {
    if (!holders.contains(member->set.get())) continue;
    // One that was away for a moment only has what it had.
    const auto knows = [member](const auto& tier) { return tier.second.BackendsOf(member->name) != nullptr; };
    if (!member->settled && std::none_of(subset.begin(), subset.end(), knows)) continue;
    agents.push_back(member->name);
    by_name[member->name] = member;
  }
  std::map<std::uint32_t, std::vector<SubsetPlan::Name>> tiers;
  for (const auto& [address, backend] : upstream.backends) {
    if (backend->active && backend->configured) tiers[backend->priority].push_back(NameHash(address));
  }
  std::erase_if(subset, [&](const auto& tier) { return !tiers.contains(tier.first); });
  for (auto& [priority, backends] : tiers) {
    SubsetPlan& plan = subset[priority];
    if (const auto said = held_.find(upstream.name); said != held_.end()) {
      for (const auto& [agent, names] : said->second) {
        if (by_name.contains(agent)) plan.Hold(agent, names);
      }
    }
    for (const SubsetPlan::Name agent : plan.Assign(agents, std::move(backends), upstream.terms.subset_size)) {
      by_name.at(agent)->subset_version = plan_version_;
    }
  }
  if (const auto said = held_.find(upstream.name); said != held_.end()) {
    std::erase_if(said->second, [&](const auto& one) { return by_name.contains(one.first); });
  }
}

void FleetLoop::OnSubsets(const std::string& node, const v1::SubsetAssignment& subsets) {
  const std::lock_guard lock(mutex_);
  const SubsetPlan::Name agent = NameHash(node);
  for (const v1::UpstreamSubset& one : subsets.upstreams()) {
    const auto upstream = ledger_.upstreams().find(one.upstream());
    if (upstream == ledger_.upstreams().end() || upstream->second->terms.subset_size == 0 || one.backends_size() > kMostHeld) continue;
    std::vector<SubsetPlan::Name> names;
    for (const std::string& address : one.backends()) names.push_back(NameHash(address));
    held_[one.upstream()][agent] = std::move(names);
  }
  plan_due_ = true;
}

Frame FleetLoop::EncodeSubsets(const std::string& node, const Member& member) const {
  v1::ControllerMessage message;
  v1::SubsetAssignment& out = *message.mutable_subsets();
  const SubsetPlan::Name agent = NameHash(node);
  for (const std::string& name : member.set->names) {
    const auto subset = subsets_.find(name);
    const auto upstream = ledger_.upstreams().find(name);
    if (subset == subsets_.end() || upstream == ledger_.upstreams().end()) continue;
    v1::UpstreamSubset& one = *out.add_upstreams();
    one.set_upstream(name);
    one.set_all(std::all_of(subset->second.begin(), subset->second.end(), [](const auto& tier) { return tier.second.all(); }));
    if (one.all()) continue;
    for (const auto& [address, backend] : upstream->second->backends) {
      if (Assigned(subset->second, *backend, agent)) one.add_backends(address);
    }
  }
  return std::make_shared<const std::string>(message.SerializeAsString());
}

bool FleetLoop::Assigned(const Subset& subset, const Backend& backend, SubsetPlan::Name agent) {
  const auto tier = subset.find(backend.priority);
  if (tier == subset.end()) return false;
  if (tier->second.all()) return true;
  const auto* links = tier->second.BackendsOf(agent);
  return links != nullptr && std::binary_search(links->begin(), links->end(), NameHash(backend.address));
}

// Agents of an upstream that use a backend, to choose its probers from.
std::map<std::string_view, std::vector<ProbingAgent>> FleetLoop::UsersBySubset(const Upstream& upstream, const Subset& subset) const {
  std::map<SubsetPlan::Name, std::string_view> backends;
  for (const auto& [address, backend] : upstream.backends) backends[NameHash(address)] = address;
  std::map<std::string_view, std::vector<ProbingAgent>> out;
  for (const auto& [node, member] : members_) {
    if (member.silent || member.set == nullptr) continue;
    for (const auto& [priority, plan] : subset) {
      const auto* links = plan.BackendsOf(member.name);
      if (links == nullptr) continue;
      for (const SubsetPlan::Name backend : *links) {
        if (const auto at = backends.find(backend); at != backends.end()) out[at->second].push_back({node, member.zone});
      }
    }
  }
  return out;
}

void FleetLoop::PlanProbes(const std::map<std::string_view, Holders>& holders) {
  std::map<Holders, ProbePlan> plans;
  std::map<std::string_view, Orders> orders;  // by node
  std::map<std::string_view, bool> shared;
  for (auto& [name, upstream] : ledger_.upstreams()) {
    const std::size_t k = upstream->terms.probed_by;
    const auto held = holders.find(name);
    if (k == 0 || held == holders.end()) continue;
    const auto subset = subsets_.find(name);
    // While agents choose their subsets themselves each probes its own.
    if (upstream->terms.subset_size > 0 && subset == subsets_.end()) continue;
    const bool parts = subset != subsets_.end() &&
                       std::any_of(subset->second.begin(), subset->second.end(), [](const auto& tier) { return !tier.second.all(); });
    auto plan = plans.find(held->second);
    if (plan == plans.end()) {
      std::vector<ProbingAgent> agents;
      for (const auto& [node, member] : members_) {
        if (!member.silent && held->second.contains(member.set.get())) agents.push_back({node, member.zone});
      }
      plan = plans.emplace(held->second, ProbePlan(std::move(agents))).first;
    }
    std::map<std::string_view, std::vector<ProbingAgent>> users;
    if (parts) users = UsersBySubset(*upstream, subset->second);
    shared[name] = parts || plan->second.agents() > k;
    for (auto& [address, backend] : upstream->backends) {
      const auto own = users.find(address);
      backend->probers = own != users.end() ? ProbersAmong(own->second, name, address, k)
                                            : plan->second.ProbersOf(name, address, std::max<std::size_t>(k, shared[name] ? 0 : plan->second.agents()));
      std::erase_if(backend->votes, [&](const Vote& vote) {
        return std::find(backend->probers.begin(), backend->probers.end(), vote.node) == backend->probers.end();
      });
      if (!shared[name]) continue;
      for (const std::string& node : backend->probers) orders[node][name].push_back(address);
    }
  }
  TellProbes(orders, shared);
}

// Of what an agent is told, so that the many for whom nothing changed cost next to nothing.
std::uint64_t FleetLoop::MarkOf(const Orders& orders, std::uint64_t mark) {
  for (const auto& [upstream, backends] : orders) {
    const std::uint64_t name = NameHash(upstream);
    for (const std::string_view backend : backends) mark = Affinity(mark, NameHash(backend, name));
  }
  return mark;
}

void FleetLoop::TellProbes(std::map<std::string_view, Orders>& orders, std::map<std::string_view, bool>& shared) {
  ++plan_version_;
  std::map<const UpstreamSet*, std::uint64_t> marks;  // of the names that are shared
  for (auto& [node, member] : members_) {
    if (member.set == nullptr) continue;
    const auto [mark, first] = marks.try_emplace(member.set.get(), 0);
    if (first) {
      for (const std::string& name : member.set->names) mark->second = shared[name] ? Affinity(mark->second, NameHash(name)) : mark->second;
    }
    const Orders& own = orders[node];
    const std::uint64_t told = MarkOf(own, mark->second);
    // An agent that was never told anything probes everything anyway: 0 is the mark of nothing shared.
    if (told == member.probes_mark) continue;
    member.probes_mark = told;
    v1::ControllerMessage message;
    v1::ProbeAssignment& probes = *message.mutable_probes();
    for (const std::string& name : member.set->names) {
      if (!shared[name]) continue;
      v1::UpstreamProbes& one = *probes.add_upstreams();
      one.set_upstream(name);
      const auto backends = own.find(name);
      if (backends == own.end()) continue;
      for (const std::string_view address : backends->second) one.add_backends(std::string(address));
    }
    member.probes = std::make_shared<const std::string>(message.SerializeAsString());
    member.version = plan_version_;
  }
}

}  // namespace switchyard::controlplane::fleet
