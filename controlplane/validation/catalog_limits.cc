#include "controlplane/validation/catalog_limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard::controlplane::validation {
namespace {

std::size_t CountBackends(const store::Catalog& catalog) {
  std::size_t count = 0;
  for (const auto& [key, resource] : catalog.resources) count += static_cast<std::size_t>(resource->upstream().backends_size());
  return count;
}

void CheckTotal(std::string_view what, std::size_t found, std::size_t max, config::ViolationList& out) {
  if (found <= max) return;
  out.Add(v1::ResourceKey(), "",
          fmt::format("after this change the fleet would have {} {}; at most {} allowed: delete what is no longer used first", found, what,
                      max));
}

}  // namespace

void CheckCatalogLimits(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, config::ViolationList& out) {
  const bool adds = std::any_of(touched.begin(), touched.end(),
                                [&](const v1::ResourceKey& key) { return candidate.Find(key.kind(), key.name()) != nullptr; });
  if (!adds) return;
  CheckTotal("resources", candidate.resources.size(), kMaxCatalogResources, out);
  CheckTotal("backends", CountBackends(candidate), kMaxCatalogBackends, out);
}

}  // namespace switchyard::controlplane::validation
