#include "controlplane/fleet/subset_plan.h"

#include <algorithm>
#include <set>

#include "common/base/rendezvous.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr std::size_t kSpreadPart = 50;

void SortUnique(std::vector<std::uint64_t>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

bool Has(const std::vector<std::uint32_t>& links, std::uint32_t backend) { return std::find(links.begin(), links.end(), backend) != links.end(); }

}  // namespace

// One assignment under way.
struct SubsetPlan::Work {
  std::vector<Name> agents;    // sorted
  std::vector<Name> backends;  // sorted
  std::size_t k = 0;
  std::vector<Links> links;           // by agent
  std::vector<std::uint32_t> counts;  // by backend

  std::uint64_t Suits(std::size_t agent, std::uint32_t backend) const { return Affinity(agents[agent], backends[backend]); }
};

std::uint32_t SubsetPlan::SpreadOf(std::size_t links, std::size_t backends) {
  return static_cast<std::uint32_t>(std::max<std::size_t>(1, links / std::max<std::size_t>(1, backends) / kSpreadPart));
}

void SubsetPlan::Hold(Name agent, std::vector<Name> backends) {
  SortUnique(backends);
  links_.try_emplace(agent, std::move(backends));
}

const std::vector<SubsetPlan::Name>* SubsetPlan::BackendsOf(Name agent) const {
  const auto at = links_.find(agent);
  return at == links_.end() ? nullptr : &at->second;
}

void SubsetPlan::Keep(Work& work) const {
  for (std::size_t i = 0; i < work.agents.size(); ++i) {
    const auto* held = BackendsOf(work.agents[i]);
    if (held == nullptr) continue;
    for (const Name backend : *held) {
      const auto at = std::lower_bound(work.backends.begin(), work.backends.end(), backend);
      if (at == work.backends.end() || *at != backend) continue;
      const auto place = static_cast<std::uint32_t>(at - work.backends.begin());
      work.links[i].push_back(place);
      ++work.counts[place];
    }
  }
}

// Those who have too many give up the backends with the most agents, among equals those that suit them least.
void SubsetPlan::Shrink(Work& work) {
  for (std::size_t i = 0; i < work.agents.size(); ++i) {
    Links& links = work.links[i];
    while (links.size() > work.k) {
      const auto most = std::max_element(links.begin(), links.end(), [&](std::uint32_t a, std::uint32_t b) {
        return work.counts[a] != work.counts[b] ? work.counts[a] < work.counts[b] : work.Suits(i, a) > work.Suits(i, b);
      });
      --work.counts[*most];
      links.erase(most);
    }
  }
}

void SubsetPlan::Fill(Work& work) {
  // In an order of its own, so that the first by name do not always choose first.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < work.agents.size(); ++i) {
    if (work.links[i].size() < work.k) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return SpreadBits(work.agents[a]) < SpreadBits(work.agents[b]); });
  std::vector<std::uint32_t> others;
  for (const std::size_t agent : order) {
    Links& links = work.links[agent];
    others.clear();
    for (std::uint32_t backend = 0; backend < work.backends.size(); ++backend) {
      if (!Has(links, backend)) others.push_back(backend);
    }
    // No backend is taken twice, so its own choices do not change the order.
    const std::size_t lacks = std::min(work.k - links.size(), others.size());
    const auto end = others.begin() + static_cast<std::ptrdiff_t>(lacks);
    std::partial_sort(others.begin(), end, others.end(), [&](std::uint32_t a, std::uint32_t b) {
      return work.counts[a] != work.counts[b] ? work.counts[a] < work.counts[b] : work.Suits(agent, a) > work.Suits(agent, b);
    });
    for (auto at = others.begin(); at != end; ++at) {
      links.push_back(*at);
      ++work.counts[*at];
    }
  }
}

void SubsetPlan::Level(Work& work) {
  std::vector<std::vector<std::uint32_t>> users(work.backends.size());
  std::size_t all = 0;
  for (std::uint32_t i = 0; i < work.agents.size(); ++i) {
    for (const std::uint32_t backend : work.links[i]) users[backend].push_back(i);
    all += work.links[i].size();
  }
  const std::uint32_t spread = SpreadOf(all, work.backends.size());
  std::set<std::pair<std::uint32_t, std::uint32_t>> by_count;
  for (std::uint32_t i = 0; i < work.backends.size(); ++i) by_count.insert({work.counts[i], i});
  // Each move brings two counts nearer to each other, so it ends; the bound is for certainty.
  for (std::size_t moves = 0; moves < all && by_count.rbegin()->first - by_count.begin()->first > spread; ++moves) {
    const std::uint32_t most = by_count.rbegin()->second;
    const std::uint32_t least = by_count.begin()->second;
    // One of its agents does not have the other: it has more agents.
    std::uint32_t mover = 0;
    std::uint64_t best = 0;
    for (const std::uint32_t agent : users[most]) {
      if (Has(work.links[agent], least) || work.Suits(agent, least) < best) continue;
      best = work.Suits(agent, least);
      mover = agent;
    }
    *std::find(work.links[mover].begin(), work.links[mover].end(), most) = least;
    users[most].erase(std::find(users[most].begin(), users[most].end(), mover));
    users[least].push_back(mover);
    by_count.erase({work.counts[most], most});
    by_count.erase({work.counts[least], least});
    by_count.insert({--work.counts[most], most});
    by_count.insert({++work.counts[least], least});
  }
}

std::vector<SubsetPlan::Name> SubsetPlan::Assign(std::vector<Name> agents, std::vector<Name> backends, std::size_t k) {
  SortUnique(agents);
  SortUnique(backends);
  const bool was_all = all_;
  std::vector<Name> changed;
  // Every backend is somebody's, and verdicts on it have their quorum.
  if (!agents.empty()) k = std::max(k, (kLeastAgentsPerBackend * backends.size() + agents.size() - 1) / agents.size());
  all_ = k >= backends.size();
  Work work{std::move(agents), std::move(backends), k, {}, {}};
  if (all_) {
    // What each had stays known: when agents come back it has it again. Only those who are gone are forgotten.
    std::erase_if(links_, [&](const auto& one) { return !std::binary_search(work.agents.begin(), work.agents.end(), one.first); });
    return was_all ? changed : work.agents;
  }
  work.links.resize(work.agents.size());
  work.counts.resize(work.backends.size());
  Keep(work);
  Shrink(work);
  Fill(work);
  Level(work);
  std::unordered_map<Name, std::vector<Name>> links;
  for (std::size_t i = 0; i < work.agents.size(); ++i) {
    std::vector<Name> names;
    for (const std::uint32_t backend : work.links[i]) names.push_back(work.backends[backend]);
    std::sort(names.begin(), names.end());
    const auto* before = BackendsOf(work.agents[i]);
    if (was_all || before == nullptr || *before != names) changed.push_back(work.agents[i]);
    links.emplace(work.agents[i], std::move(names));
  }
  links_ = std::move(links);
  return changed;
}

}  // namespace switchyard::controlplane::fleet
