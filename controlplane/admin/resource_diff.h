// What differs between two states of a resource, as people read it: YAML before, YAML after, without private keys.
//
// Thread-safety: pure functions. Cost: two times ToYaml, and a sort of the lines.
// Lines are counted in the whole texts. Bounds: kMaxDiffText per side, kMaxDiffs per answer.
#pragma once

#include <vector>

#include "controlplane/store/catalog.h"
#include "switchyard/v1/access.pb.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::admin {

inline constexpr std::size_t kMaxDiffText = std::size_t{64} << 10;
inline constexpr std::size_t kMaxDiffs = 1000;

// Null: not there. REQUIRES: not both.
v1::ResourceDiff DiffOf(const v1::ResourceKey& key, const v1::Resource* before, const v1::Resource* after);
// Of those of `keys` that differ, in their order, at most kMaxDiffs.
std::vector<v1::ResourceDiff> DiffsOf(const store::Catalog& before, const store::Catalog& after, const std::vector<v1::ResourceKey>& keys);

}  // namespace switchyard::controlplane::admin
