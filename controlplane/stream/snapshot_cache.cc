#include "controlplane/stream/snapshot_cache.h"

#include <utility>

namespace switchyard::controlplane::stream {
namespace {

std::set<std::string> SelectedKeys(const store::Catalog& catalog) {
  std::set<std::string> keys;
  for (const auto& [key, resource] : catalog.resources) {
    if (!resource->has_listener()) continue;
    for (const auto& [label, value] : resource->listener().agents().match_labels()) keys.insert(label);
  }
  return keys;
}

}  // namespace

SnapshotCache::SnapshotCache(Compiler compiler) : compiler_(std::move(compiler)) {}

SnapshotPtr SnapshotCache::Get(const std::shared_ptr<const store::Catalog>& catalog, const Labels& labels) {
  if (catalog_ != catalog) Turn(catalog);
  Labels relevant;
  for (const std::string& key : selected_keys_) {
    if (const auto it = labels.find(key); it != labels.end()) relevant.insert(*it);
  }
  if (const auto it = by_labels_.find(relevant); it != by_labels_.end()) return it->second;
  auto snapshot = std::make_shared<const v1::Snapshot>(compiler_(*catalog, relevant));
  ++compilations_;
  const auto [same, fresh] = by_digest_.emplace(snapshot->digest(), snapshot);
  if (by_labels_.size() < kMaxLabelSets) by_labels_.emplace(std::move(relevant), same->second);
  if (fresh) Remember(snapshot);
  return same->second;
}

void SnapshotCache::Turn(const std::shared_ptr<const store::Catalog>& catalog) {
  catalog_ = catalog;
  selected_keys_ = SelectedKeys(*catalog);
  by_labels_.clear();
  by_digest_.clear();
}

void SnapshotCache::Remember(const SnapshotPtr& snapshot) {
  // A generation that changes nothing for these labels brings nothing new to remember.
  if (FindRecent(snapshot->digest()) != nullptr) return;
  const std::size_t bytes = snapshot->ByteSizeLong();
  recent_.push_back({snapshot, bytes});
  recent_bytes_ += bytes;
  while (recent_.size() > 1 && (recent_bytes_ > kRecentBytes || recent_.size() > kMaxRecent)) {
    recent_bytes_ -= recent_.front().bytes;
    recent_.pop_front();
  }
}

SnapshotPtr SnapshotCache::FindRecent(const std::string& digest) const {
  for (auto it = recent_.rbegin(); it != recent_.rend(); ++it) {
    if (it->snapshot->digest() == digest) return it->snapshot;
  }
  return nullptr;
}

}  // namespace switchyard::controlplane::stream
