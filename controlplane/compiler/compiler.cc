#include "controlplane/compiler/compiler.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>

#include "common/config/snapshot_digest.h"

namespace switchyard::controlplane::compiler {
namespace {

using Names = std::set<std::string_view>;

// Calls `take` with each resource of a kind, in order of name.
template <class Take>
void ForEach(const store::Catalog& catalog, v1::Kind kind, const Take& take) {
  for (auto it = catalog.resources.lower_bound(store::Catalog::Key(kind, "")); it != catalog.resources.end() && it->first.first == kind;
       ++it) {
    take(*it->second);
  }
}

void Append(const v1::Resource& resource, v1::Snapshot& out) {
  v1::Resource& copy = *out.add_resources();
  copy = resource;
  copy.clear_generation();
  copy.clear_updated();
}

bool IsServed(const v1::Route& route, const Names& listeners) {
  return std::any_of(route.listeners().begin(), route.listeners().end(),
                     [&](const std::string& listener) { return listeners.contains(listener); });
}

// The Secrets that a listener or upstream names.
void AddSecrets(const v1::Resource& resource, Names& secrets) {
  const v1::ListenerTls& listener = resource.listener().tls();
  for (const v1::ServedCertificate& served : listener.certificates()) secrets.insert(served.secret());
  const v1::UpstreamTls& upstream = resource.upstream().tls();
  for (const std::string* name : {&listener.client_auth().ca(), &upstream.ca(), &upstream.certificate()}) {
    if (!name->empty()) secrets.insert(*name);
  }
}

}  // namespace

bool Selects(const v1::AgentSelector& selector, const Labels& labels) {
  const auto& wanted = selector.match_labels();
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto it = labels.find(label.first);
    return it != labels.end() && it->second == label.second;
  });
}

v1::Snapshot Compile(const store::Catalog& catalog, const Labels& agent_labels) {
  v1::Snapshot out;
  out.set_generation(catalog.generation);
  Names listeners;
  Names secrets;
  ForEach(catalog, v1::KIND_LISTENER, [&](const v1::Resource& resource) {
    if (!Selects(resource.listener().agents(), agent_labels)) return;
    listeners.insert(resource.name());
    AddSecrets(resource, secrets);
    Append(resource, out);
  });
  Names upstreams;
  ForEach(catalog, v1::KIND_ROUTE, [&](const v1::Resource& resource) {
    if (!IsServed(resource.route(), listeners)) return;
    for (const v1::WeightedUpstream& share : resource.route().forward().upstreams()) upstreams.insert(share.upstream());
    if (resource.route().has_mirror()) upstreams.insert(resource.route().mirror().upstream());
    Append(resource, out);
  });
  // The set is in order of name, so what was asked for comes out sorted.
  for (const std::string_view name : upstreams) {
    const v1::Resource* upstream = catalog.Find(v1::KIND_UPSTREAM, std::string(name));
    if (upstream == nullptr) continue;
    AddSecrets(*upstream, secrets);
    Append(*upstream, out);
  }
  for (const std::string_view name : secrets) {
    const v1::Resource* secret = catalog.Find(v1::KIND_SECRET, std::string(name));
    if (secret != nullptr) Append(*secret, out);
  }
  out.set_digest(config::SnapshotDigest(out.resources()));
  return out;
}

}  // namespace switchyard::controlplane::compiler
