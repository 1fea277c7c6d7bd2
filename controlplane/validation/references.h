// References: every listener and upstream that a route names must exist, and every Secret that a listener or upstream names, with the right
// content. A mirror's upstream must be one that copies can be sent to.
//
// Asked of the whole catalog, because a delete breaks routes that it does not touch. The violation stands on the route, with the field that
// refers, and says whether the target never was (and which name is close to it) or would be deleted by this change.
// Thread-safety: pure function. Cost: one look-up per reference. A suggestion compares against the names of the kind, so only the first
// kMaxSuggestions unknown names get one, out of the first kMaxSuggestionNames names (together below half a second at the longest names).
#pragma once

#include <cstddef>
#include <vector>

#include "common/config/violation.h"
#include "controlplane/store/catalog.h"

namespace switchyard::controlplane::validation {

inline constexpr std::size_t kMaxSuggestions = 8;
inline constexpr std::size_t kMaxSuggestionNames = 5'000;

// Whether the catalog is the whole fleet, or files that may be a part of it.
enum class Scope { kFleet, kPart };

void CheckReferences(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, Scope scope, config::ViolationList& out);

}  // namespace switchyard::controlplane::validation
