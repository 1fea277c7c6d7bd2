#include "controlplane/compiler/compiler.h"

#include <memory>
#include <set>
#include <string_view>

#include "common/config/snapshot_digest.h"

namespace switchyard::controlplane::compiler {
namespace {

using Names = std::set<std::string_view>;

// Calls `visit` for each resource of one kind, in order of name.
template <typename Visit>
void ForEach(const store::Catalog& catalog, v1::Kind kind, Visit visit) {
  for (auto it = catalog.resources.lower_bound(store::Catalog::Key(kind, "")); it != catalog.resources.end() && it->first.first == kind; ++it) {
    visit(*it->second);
  }
}

void Add(const v1::Resource& resource, v1::Snapshot& snapshot) {
  v1::Resource& copy = *snapshot.add_resources();
  copy = resource;
  copy.clear_generation();
  copy.clear_updated();
}

bool ServesAny(const v1::Route& route, const Names& listeners) {
  for (const std::string& listener : route.listeners()) {
    if (listeners.contains(listener)) return true;
  }
  return false;
}

}  // namespace

bool Selects(const v1::AgentSelector& selector, const Labels& labels) {
  for (const auto& [key, value] : selector.match_labels()) {
    const auto label = labels.find(key);
    if (label == labels.end() || label->second != value) return false;
  }
  return true;
}

v1::Snapshot Compile(const store::Catalog& catalog, const Labels& agent_labels) {
  v1::Snapshot snapshot;
  snapshot.set_generation(catalog.generation);
  Names listeners;
  ForEach(catalog, v1::KIND_LISTENER, [&](const v1::Resource& resource) {
    if (!Selects(resource.listener().agents(), agent_labels)) return;
    listeners.insert(resource.name());
    Add(resource, snapshot);
  });
  Names upstreams;
  ForEach(catalog, v1::KIND_ROUTE, [&](const v1::Resource& resource) {
    if (!ServesAny(resource.route(), listeners)) return;
    for (const v1::WeightedUpstream& share : resource.route().forward().upstreams()) upstreams.insert(share.upstream());
    Add(resource, snapshot);
  });
  for (const std::string_view name : upstreams) {
    if (const v1::Resource* resource = catalog.Find(v1::KIND_UPSTREAM, std::string(name))) Add(*resource, snapshot);
  }
  snapshot.set_digest(config::SnapshotDigest(snapshot.resources()));
  return snapshot;
}

}  // namespace switchyard::controlplane::compiler
