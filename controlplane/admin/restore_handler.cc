#include "controlplane/admin/restore_handler.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "common/config/resource_key.h"

namespace switchyard::controlplane::admin {

Intent IntentOf(const v1::RestoreChunk& words, const backup::Restorable& backup, const store::Catalog& now, const std::string& credential) {
  Intent intent;
  intent.dry_run = words.dry_run();
  intent.author = words.author().empty() ? credential : words.author();
  intent.reason = words.reason().empty() ? fmt::format("restored from the backup of generation {}", backup.generation) : words.reason();
  // What was checked against is what is replaced.
  intent.expected_generation = now.generation;
  std::set<std::pair<v1::Kind, std::string>> kept;
  for (const v1::Resource& resource : backup.resources) {
    kept.emplace(config::KindOf(resource), resource.name());
    intent.upserts.push_back(resource);
  }
  for (const auto& [key, resource] : now.resources) {
    if (kept.contains({config::KindOf(*resource), resource->name()})) continue;
    v1::ResourceKey& gone = intent.deletes.emplace_back();
    gone.set_kind(config::KindOf(*resource));
    gone.set_name(resource->name());
  }
  return intent;
}

}  // namespace switchyard::controlplane::admin
