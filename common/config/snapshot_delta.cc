#include "common/config/snapshot_delta.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/snapshot_digest.h"

namespace switchyard::config {
namespace {

// Views of names that live in the snapshot or delta.
using Key = std::pair<v1::Kind, std::string_view>;
using Index = std::map<Key, const v1::Resource*>;

Key ViewKey(const v1::Resource& resource) { return {KindOf(resource), resource.name()}; }

absl::Status AddUpserts(const v1::ConfigDelta& delta, Index& index) {
  std::map<Key, bool> seen;
  for (const v1::Resource& resource : delta.upserts()) {
    const Key key = ViewKey(resource);
    if (key.first == v1::KIND_UNSPECIFIED || key.second.empty()) {
      return absl::InvalidArgumentError(fmt::format("the delta to generation {} holds a resource of no known kind or without a name: \"{}\"",
                                                    delta.to_generation(), resource.name()));
    }
    if (!seen.emplace(key, true).second) {
      return absl::InvalidArgumentError(
          fmt::format("the delta to generation {} holds {} twice", delta.to_generation(), ToString(KeyOf(resource))));
    }
    index[key] = &resource;
  }
  return absl::OkStatus();
}

absl::Status TakeRemovals(const v1::ConfigDelta& delta, Index& index) {
  for (const v1::ResourceKey& key : delta.removals()) {
    if (index.erase({key.kind(), key.name()}) == 0) {
      return absl::InvalidArgumentError(
          fmt::format("the delta to generation {} removes {}, which is not there", delta.to_generation(), ToString(key)));
    }
  }
  return absl::OkStatus();
}

void AddRemoval(const v1::Resource& resource, v1::ConfigDelta& delta) { *delta.add_removals() = KeyOf(resource); }

}  // namespace

absl::StatusOr<v1::Snapshot> ApplyDelta(const v1::Snapshot& base, const v1::ConfigDelta& delta) {
  Index index;
  if (!delta.full()) {
    if (delta.from_generation() != base.generation()) {
      return absl::FailedPreconditionError(fmt::format("the delta to generation {} builds on generation {}, but generation {} is here",
                                                       delta.to_generation(), delta.from_generation(), base.generation()));
    }
    for (const v1::Resource& resource : base.resources()) index[ViewKey(resource)] = &resource;
  }
  if (const absl::Status status = TakeRemovals(delta, index); !status.ok()) return status;
  if (const absl::Status status = AddUpserts(delta, index); !status.ok()) return status;
  v1::Snapshot next;
  next.set_generation(delta.to_generation());
  next.mutable_resources()->Reserve(static_cast<int>(index.size()));
  for (const auto& [key, resource] : index) *next.add_resources() = *resource;
  next.set_digest(SnapshotDigest(next.resources()));
  if (next.digest() != delta.digest()) {
    return absl::DataLossError(fmt::format("the delta to generation {} does not give the snapshot that its digest promises", delta.to_generation()));
  }
  return next;
}

v1::ConfigDelta DiffSnapshots(const v1::Snapshot& from, const v1::Snapshot& to) {
  v1::ConfigDelta delta;
  delta.set_from_generation(from.generation());
  delta.set_to_generation(to.generation());
  delta.set_digest(to.digest());
  int i = 0;
  int j = 0;
  while (i < from.resources_size() || j < to.resources_size()) {
    if (j == to.resources_size() || (i < from.resources_size() && ViewKey(from.resources(i)) < ViewKey(to.resources(j)))) {
      AddRemoval(from.resources(i++), delta);
    } else if (i == from.resources_size() || ViewKey(to.resources(j)) < ViewKey(from.resources(i))) {
      *delta.add_upserts() = to.resources(j++);
    } else {
      if (CanonicalBytes(from.resources(i)) != CanonicalBytes(to.resources(j))) *delta.add_upserts() = to.resources(j);
      ++i;
      ++j;
    }
  }
  return delta;
}

v1::ConfigDelta FullDelta(const v1::Snapshot& to) {
  v1::ConfigDelta delta;
  delta.set_to_generation(to.generation());
  delta.set_full(true);
  *delta.mutable_upserts() = to.resources();
  delta.set_digest(to.digest());
  return delta;
}

}  // namespace switchyard::config
