#include "controlplane/kubernetes/found_backends.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/config/snapshot_digest.h"

namespace switchyard::controlplane::kubernetes {
namespace {

bool SameTerms(const v1::KubernetesDiscovery& a, const v1::KubernetesDiscovery& b) {
  return a.namespace_() == b.namespace_() && a.service() == b.service() && a.port() == b.port();
}

bool SameBackends(const std::vector<v1::Backend>& a, const std::vector<v1::Backend>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const v1::Backend& x, const v1::Backend& y) {
    return x.address() == y.address() && x.zone() == y.zone() && x.state() == y.state();
  });
}

std::string SourceName(const v1::KubernetesDiscovery& terms) {
  const std::string_view place = terms.namespace_().empty() ? "default" : std::string_view(terms.namespace_());
  return terms.port().empty() ? fmt::format("{}/{}", place, terms.service()) : fmt::format("{}/{}:{}", place, terms.service(), terms.port());
}

// Calls `take` with each upstream that is looked up in Kubernetes.
template <class Take>
void ForEachFound(const store::Catalog& catalog, const Take& take) {
  for (auto at = catalog.resources.lower_bound(store::Catalog::Key(v1::KIND_UPSTREAM, "")); at != catalog.resources.end(); ++at) {
    if (at->first.first != v1::KIND_UPSTREAM) return;
    if (at->second->upstream().discovery().has_kubernetes()) take(at->first.second, *at->second);
  }
}

}  // namespace

FoundBackends::FoundBackends(const Clock* clock, std::function<void()> changed) : clock_(clock), changed_(std::move(changed)) {}

Filled FoundBackends::Fill(const CatalogPtr& catalog) {
  const std::lock_guard lock(mutex_);
  if (catalog == source_ && version_ == source_version_ && filled_.wait == Duration::zero()) return filled_;
  // Who commits and who tells agents come here independently: an older catalog says nothing about what is wanted.
  if (catalog != source_ && (catalog->generation >= followed_ || !started_)) Follow(*catalog);
  Filled filled;
  filled.wait = Wait();
  filled.catalog = Merge(catalog);
  std::set<std::string> unknown;
  for (const auto& [name, entry] : entries_) {
    if (!entry.has_list) unknown.insert(name);
  }
  if (!unknown.empty()) filled.unknown = std::make_shared<const std::set<std::string>>(std::move(unknown));
  source_ = catalog;
  source_version_ = version_;
  filled_ = filled;
  return filled;
}

void FoundBackends::Follow(const store::Catalog& catalog) {
  std::set<std::string> wanted;
  ForEachFound(catalog, [&](const std::string& name, const v1::Resource& resource) {
    wanted.insert(name);
    const v1::KubernetesDiscovery& terms = resource.upstream().discovery().kubernetes();
    const auto [at, fresh] = entries_.try_emplace(name);
    Entry& entry = at->second;
    if (fresh) {
      if (const auto kept = restored_.find(name); kept != restored_.end()) entry = kept->second;
      entry.old = !started_;
    } else if (SameTerms(entry.terms, terms)) {
      return;
    }
    entry.terms = terms;
    entry.answered = false;
    entry.problem.clear();
    ++version_;
  });
  const auto gone = std::erase_if(entries_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  if (gone > 0) ++version_;
  started_ = true;
  followed_ = catalog.generation;
  restored_.clear();
}

Duration FoundBackends::Wait() {
  const auto pending = [](const auto& one) { return !one.second.has_list && !one.second.waited; };
  const TimePoint now = clock_->Now();
  if (std::none_of(entries_.begin(), entries_.end(), pending)) {
    wait_until_.reset();
    return {};
  }
  if (!wait_until_) wait_until_ = now + kFirstAnswer;
  if (now < *wait_until_) return *wait_until_ - now;
  wait_until_.reset();
  for (auto& [name, entry] : entries_) {
    entry.waited = true;
    // Nobody can have backends of an upstream that was made meanwhile.
    if (!entry.old && !entry.has_list) {
      entry.has_list = true;
      ++version_;
    }
  }
  return {};
}

CatalogPtr FoundBackends::With(const CatalogPtr& catalog) const {
  const std::lock_guard lock(mutex_);
  return catalog == source_ && version_ == source_version_ && filled_.catalog != nullptr ? filled_.catalog : Merge(catalog);
}

CatalogPtr FoundBackends::Merge(const CatalogPtr& catalog) const {
  if (entries_.empty()) return catalog;
  auto out = std::make_shared<store::Catalog>(*catalog);
  for (const auto& [name, entry] : entries_) {
    const auto at = out->resources.find(store::Catalog::Key(v1::KIND_UPSTREAM, name));
    if (at == out->resources.end() || !at->second->upstream().discovery().has_kubernetes()) continue;
    auto resource = std::make_shared<v1::Resource>(*at->second);
    resource->mutable_upstream()->mutable_backends()->Assign(entry.backends.begin(), entry.backends.end());
    at->second = std::move(resource);
  }
  return out;
}

void FoundBackends::Put(const std::string& upstream, const v1::KubernetesDiscovery& terms, Endpoints found) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(upstream);
    if (at == entries_.end() || !SameTerms(at->second.terms, terms)) return;
    Entry& entry = at->second;
    changed = !entry.has_list || !SameBackends(entry.backends, found.backends);
    entry.has_list = entry.answered = true;
    entry.problem = std::move(found.problem);
    entry.backends = std::move(found.backends);
    if (changed) ++version_;
  }
  if (changed && changed_) changed_();
}

v1::Snapshot FoundBackends::Save() const {
  const std::lock_guard lock(mutex_);
  v1::Snapshot lists;
  for (const auto& [name, entry] : entries_) {
    if (!entry.has_list) continue;
    v1::Resource& resource = *lists.add_resources();
    resource.set_name(name);
    *resource.mutable_upstream()->mutable_discovery()->mutable_kubernetes() = entry.terms;
    resource.mutable_upstream()->mutable_backends()->Assign(entry.backends.begin(), entry.backends.end());
  }
  lists.set_digest(config::SnapshotDigest(lists.resources()));
  return lists;
}

void FoundBackends::Restore(const v1::Snapshot& lists) {
  const std::lock_guard lock(mutex_);
  for (const v1::Resource& resource : lists.resources()) {
    Entry& entry = restored_[resource.name()];
    entry.terms = resource.upstream().discovery().kubernetes();
    entry.backends.assign(resource.upstream().backends().begin(), resource.upstream().backends().end());
    entry.has_list = true;
  }
}

std::uint64_t FoundBackends::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

std::vector<FoundStatus> FoundBackends::Status() const {
  const std::lock_guard lock(mutex_);
  std::vector<FoundStatus> out;
  for (const auto& [name, entry] : entries_) {
    out.push_back({name, SourceName(entry.terms), entry.backends.size(), entry.has_list, entry.answered, entry.problem});
  }
  return out;
}

void FoundBackends::Report(WatchStatus status) {
  const std::lock_guard lock(mutex_);
  watching_ = std::move(status);
}

WatchStatus FoundBackends::Watching() const {
  const std::lock_guard lock(mutex_);
  return watching_;
}

}  // namespace switchyard::controlplane::kubernetes
