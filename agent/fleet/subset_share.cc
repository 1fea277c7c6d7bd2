#include "agent/fleet/subset_share.h"

#include <algorithm>
#include <utility>

#include "common/base/rendezvous.h"
#include "common/config/limits.h"

namespace switchyard::agent::fleet {

namespace config = switchyard::config;

SubsetShare::SubsetShare(health::HealthTable& table, const std::string& node) : table_(table), node_(NameHash(node)) {}

void SubsetShare::Update(const v1::Snapshot& snapshot) {
  const auto before = std::exchange(upstreams_, {});
  for (const v1::Resource& resource : snapshot.resources()) {
    const std::uint32_t size = config::FleetSubsetSize(resource.upstream().fleet());
    if (!resource.has_upstream() || size == 0) continue;
    Upstream& upstream = upstreams_[resource.name()];
    upstream.size = size;
    for (const v1::Backend& one : resource.upstream().backends()) {
      Backend& backend = upstream.backends[one.address()];
      backend.name = NameHash(one.address());
      backend.priority = one.priority();
      const bool takes = one.state() == v1::BACKEND_STATE_UNSPECIFIED || one.state() == v1::BACKEND_STATE_ACTIVE;
      backend.active = takes && config::Weight(one) > 0;
      backend.health = table_.Get(resource.name(), one.address());
    }
    Choose(resource.name(), upstream);
  }
  // Upstreams that have no subsets any more; backends that are gone do no harm.
  for (const auto& [name, upstream] : before) {
    if (upstreams_.contains(name)) continue;
    for (const auto& [address, backend] : upstream.backends) backend.health->fleet().SetLeftOut(false);
  }
}

bool SubsetShare::Take(const v1::SubsetAssignment& subsets) {
  told_ = subsets;
  by_name_.clear();
  for (const v1::UpstreamSubset& one : told_.upstreams()) by_name_[one.upstream()] = &one;
  bool changed = false;
  for (auto& [name, upstream] : upstreams_) changed = Choose(name, upstream) || changed;
  return changed;
}

bool SubsetShare::Mine(const std::string& upstream, const std::string& address) const {
  const auto at = upstreams_.find(upstream);
  if (at == upstreams_.end()) return true;
  const auto backend = at->second.backends.find(address);
  return backend == at->second.backends.end() || backend->second.mine;
}

bool SubsetShare::Choose(const std::string& name, Upstream& upstream) {
  std::vector<bool> before;
  for (const auto& [address, backend] : upstream.backends) before.push_back(backend.mine);
  const auto told = by_name_.find(name);
  if (told == by_name_.end() || !TakeTold(*told->second, upstream)) ChooseByHash(upstream);
  bool changed = false;
  std::size_t at = 0;
  for (auto& [address, backend] : upstream.backends) {
    changed = changed || backend.mine != before[at++];
    backend.health->fleet().SetLeftOut(!backend.mine);
  }
  return changed;
}

// False: nothing of it is left.
bool SubsetShare::TakeTold(const v1::UpstreamSubset& told, Upstream& upstream) const {
  bool any = told.all();
  for (auto& [address, backend] : upstream.backends) backend.mine = told.all() || !backend.active;
  for (const std::string& address : told.backends()) {
    const auto at = upstream.backends.find(address);
    if (at == upstream.backends.end()) continue;
    at->second.mine = true;
    any = any || at->second.active;
  }
  return any;
}

void SubsetShare::ChooseByHash(Upstream& upstream) const {
  std::map<std::uint32_t, std::vector<std::pair<std::uint64_t, Backend*>>> tiers;
  for (auto& [address, backend] : upstream.backends) {
    backend.mine = !backend.active;
    if (backend.active) tiers[backend.priority].emplace_back(Affinity(node_, backend.name), &backend);
  }
  for (auto& [priority, backends] : tiers) {
    const auto end = backends.begin() + static_cast<std::ptrdiff_t>(std::min(upstream.size, backends.size()));
    std::partial_sort(backends.begin(), end, backends.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (auto at = backends.begin(); at != end; ++at) at->second->mine = true;
  }
}

}  // namespace switchyard::agent::fleet
