#include "controlplane/admin/change_plan.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/snapshot_digest.h"

namespace switchyard::controlplane::admin {
namespace {

using Key = store::Catalog::Key;
using Actions = std::map<Key, v1::Change::Action>;

v1::Change::Action Upsert(store::Catalog& candidate, const Key& key, const v1::Resource& resource) {
  const v1::Resource* present = candidate.Find(key.first, key.second);
  if (present != nullptr && config::CanonicalBytes(*present) == config::CanonicalBytes(resource)) return v1::Change::ACTION_UNCHANGED;
  candidate.resources[key] = std::make_shared<const v1::Resource>(resource);
  return present == nullptr ? v1::Change::ACTION_CREATED : v1::Change::ACTION_UPDATED;
}

void PlanUpserts(const std::vector<v1::Resource>& upserts, config::ViolationList& out, ChangePlan& plan, Actions& actions) {
  for (const v1::Resource& resource : upserts) {
    const v1::ResourceKey key = config::KeyOf(resource);
    if (key.kind() == v1::KIND_UNSPECIFIED) {
      out.Add(key, "spec", "is required: one of listener, route, upstream, secret");
      continue;
    }
    const auto [action, fresh] = actions.try_emplace(Key(key.kind(), key.name()));
    if (!fresh) {
      out.Add(key, "name", "stands twice in this request");
      continue;
    }
    action->second = Upsert(plan.candidate, action->first, resource);
  }
}

absl::Status PlanDeletes(const std::vector<v1::ResourceKey>& deletes, config::ViolationList& out, ChangePlan& plan, Actions& actions) {
  for (const v1::ResourceKey& key : deletes) {
    if (key.kind() == v1::KIND_UNSPECIFIED || key.name().empty()) {
      out.Add(key, "", "a key needs kind and name");
      continue;
    }
    if (!actions.try_emplace(Key(key.kind(), key.name()), v1::Change::ACTION_DELETED).second) {
      out.Add(key, "name", "stands twice in this request");
      continue;
    }
    if (plan.candidate.resources.erase(Key(key.kind(), key.name())) == 0) {
      return absl::NotFoundError(fmt::format("there is no {}", config::ToString(key)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSize(const store::Catalog& candidate) {
  if (candidate.resources.size() > kMaxCatalogResources) {
    return absl::ResourceExhaustedError(
        fmt::format("the fleet would have {} resources; at most {}", candidate.resources.size(), kMaxCatalogResources));
  }
  std::size_t bytes = 0;
  for (const auto& [key, resource] : candidate.resources) bytes += resource->ByteSizeLong();
  if (bytes <= kMaxCatalogBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("the fleet's configuration would have {} bytes; at most {}", bytes, kMaxCatalogBytes));
}

}  // namespace

bool ChangePlan::any() const {
  return std::any_of(changes.begin(), changes.end(), [](const v1::Change& c) { return c.action() != v1::Change::ACTION_UNCHANGED; });
}

absl::Status MakePlan(const store::Catalog& catalog, const std::vector<v1::Resource>& upserts, const std::vector<v1::ResourceKey>& deletes,
                      config::ViolationList& out, ChangePlan& plan) {
  plan = ChangePlan{};
  plan.candidate = catalog;
  Actions actions;
  PlanUpserts(upserts, out, plan, actions);
  if (auto status = PlanDeletes(deletes, out, plan, actions); !status.ok()) return status;
  for (const auto& [key, action] : actions) {
    v1::Change change;
    change.mutable_key()->set_kind(key.first);
    change.mutable_key()->set_name(key.second);
    change.set_action(action);
    plan.touched.push_back(change.key());
    plan.changes.push_back(std::move(change));
  }
  return CheckSize(plan.candidate);
}

}  // namespace switchyard::controlplane::admin
