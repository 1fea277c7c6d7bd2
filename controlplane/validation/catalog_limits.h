// The bounds of a whole catalog, and the check of them.
//
// Every agent's snapshot, every compile and the controller's memory grow with the catalog, so it has an end: at about 500 bytes a resource
// and 100 bytes a backend the largest catalog takes some 150 MiB. A change that only deletes is never refused for the size of what stays.
// Thread-safety: pure function. Cost: one pass over the catalog.
#pragma once

#include <cstddef>
#include <vector>

#include "common/config/violation.h"
#include "controlplane/store/catalog.h"

namespace switchyard::controlplane::validation {

inline constexpr std::size_t kMaxCatalogResources = 100'000;
// Of all upstreams together.
inline constexpr std::size_t kMaxCatalogBackends = 1'000'000;

void CheckCatalogLimits(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, config::ViolationList& out);

}  // namespace switchyard::controlplane::validation
