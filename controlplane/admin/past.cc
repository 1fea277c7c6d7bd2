#include "controlplane/admin/past.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/snapshot_digest.h"
#include "common/rpc/proto_time.h"
#include "controlplane/admin/resource_diff.h"

namespace switchyard::controlplane::admin {
namespace {

using Key = store::Catalog::Key;

// One resource at two generations.
struct Ends {
  // Nothing: not there.
  std::optional<v1::Resource> before;
  std::optional<v1::Resource> after;
  bool before_known = false;
};
using Changed = std::map<Key, Ends>;

const v1::Resource* FindIn(const std::vector<v1::Resource>& resources, const Key& key) {
  const auto it = std::find_if(resources.begin(), resources.end(), [&](const v1::Resource& resource) {
    return config::KindOf(resource) == key.first && resource.name() == key.second;
  });
  return it == resources.end() ? nullptr : &*it;
}

// What (from, to] touched, with the state at `to`; and the state at `from` where it is nothing.
absl::Status WalkSpan(const store::Store& store, std::uint64_t from, std::uint64_t to, Changed& changed) {
  for (std::uint64_t at = to; at > from; --at) {
    const auto change = store.ChangeAt(at);
    if (!change.ok()) return change.status();
    for (const v1::Change& one : change->entry.changes()) {
      const Key key(one.key().kind(), one.key().name());
      const auto [it, first] = changed.try_emplace(key);
      if (first && one.action() != v1::Change::ACTION_DELETED) {
        if (const v1::Resource* resource = FindIn(change->resources, key)) it->second.after = *resource;
      }
      // The oldest one counts in the end.
      it->second.before_known = one.action() == v1::Change::ACTION_CREATED;
    }
  }
  return absl::OkStatus();
}

// The states at `from` that are something.
absl::Status WalkBack(const store::Store& store, std::uint64_t from, std::uint64_t oldest, Changed& changed) {
  std::set<Key> missing;
  for (const auto& [key, ends] : changed) {
    if (!ends.before_known) missing.insert(key);
  }
  std::uint64_t walked = 0;
  for (std::uint64_t at = from; at >= oldest && at > 0 && !missing.empty() && walked < kMaxWalk; --at, ++walked) {
    const auto change = store.ChangeAt(at);
    if (!change.ok()) return change.status();
    for (const v1::Change& one : change->entry.changes()) {
      const Key key(one.key().kind(), one.key().name());
      if (missing.erase(key) == 0) continue;
      Ends& ends = changed[key];
      ends.before_known = true;
      if (const v1::Resource* resource = FindIn(change->resources, key)) ends.before = *resource;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Changed> Compare(const store::Store& store, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t newest = store.Read()->generation, oldest = store.OldestGeneration();
  if (to > newest) return absl::NotFoundError(fmt::format("generation {} does not exist; the newest is {}", to, newest));
  if (from >= to) return absl::InvalidArgumentError(fmt::format("generation {} is not before generation {}", from, to));
  if (from + 1 < oldest) return absl::NotFoundError(fmt::format("the history begins at generation {}", oldest));
  if (to - from > kMaxWalk) return absl::ResourceExhaustedError(fmt::format("{} generations lie between; at most {}", to - from, kMaxWalk));
  Changed changed;
  if (auto status = WalkSpan(store, from, to, changed); !status.ok()) return status;
  if (auto status = WalkBack(store, from, oldest, changed); !status.ok()) return status;
  return changed;
}

bool Same(const Ends& ends) {
  if (!ends.before_known || ends.before.has_value() != ends.after.has_value()) return false;
  return !ends.before || config::CanonicalBytes(*ends.before) == config::CanonicalBytes(*ends.after);
}

v1::ResourceKey ToProto(const Key& key) {
  v1::ResourceKey out;
  out.set_kind(key.first);
  out.set_name(key.second);
  return out;
}

}  // namespace

absl::StatusOr<v1::DiffResponse> HandleDiff(const store::Store& store, const v1::DiffRequest& request) {
  const std::uint64_t to = request.to() == 0 ? store.Read()->generation : request.to();
  if (to == 0) return absl::NotFoundError("nothing was ever committed");
  const std::uint64_t from = request.from() == 0 ? to - 1 : request.from();
  auto changed = Compare(store, from, to);
  if (!changed.ok()) return changed.status();
  v1::DiffResponse response;
  response.set_from(from);
  response.set_to(to);
  std::size_t bytes = 0;
  constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
  for (const auto& [key, ends] : *changed) {
    if (Same(ends)) continue;
    response.set_total(response.total() + 1);
    if (static_cast<std::size_t>(response.diffs_size()) == kMaxDiffs || bytes > kMaxBytes) continue;
    v1::ResourceDiff& diff = *response.add_diffs();
    diff = DiffOf(ToProto(key), ends.before ? &*ends.before : nullptr, ends.after ? &*ends.after : nullptr);
    diff.set_before_unknown(!ends.before_known);
    bytes += diff.ByteSizeLong();
  }
  return response;
}

absl::StatusOr<Intent> IntentOf(const store::Store& store, const v1::RollbackRequest& request, const std::string& credential) {
  const std::uint64_t newest = store.Read()->generation;
  if (request.generation() == 0) return absl::InvalidArgumentError("generation: is required");
  if (request.generation() == newest) return absl::InvalidArgumentError(fmt::format("generation {} is the newest: everything is as it was then", newest));
  auto changed = Compare(store, request.generation(), newest);
  if (!changed.ok()) return changed.status();
  Intent intent;
  for (auto& [key, ends] : *changed) {
    if (!ends.before_known) {
      return absl::NotFoundError(fmt::format("how {} was at generation {} is no longer in the history", config::ToString(ToProto(key)), request.generation()));
    }
    if (Same(ends)) continue;
    if (ends.before) {
      intent.upserts.push_back(*std::move(ends.before));
    } else {
      intent.deletes.push_back(ToProto(key));
    }
  }
  intent.dry_run = request.dry_run();
  intent.author = request.author().empty() ? credential : request.author();
  intent.reason = request.reason().empty() ? fmt::format("rollback to generation {}", request.generation()) : request.reason();
  intent.expected_generation = request.has_expected_generation() ? request.expected_generation() : newest;
  if (request.has_wait()) intent.wait = rpc::ToDuration(request.wait());
  return intent;
}

}  // namespace switchyard::controlplane::admin
