// ChangePlan: what a change would make of a catalog. Pure: nothing is committed.
//
// Holds the candidate catalog for validation, and what would happen to each resource that the change names, in order of kind and name.
// Thread-safety: a value. Cost: one copy of the catalog's map (resources are shared), and the bytes of the changed resources.
// Bounds: kMaxCatalogResources and kMaxCatalogBytes for the result, so that a snapshot always fits one message to an agent.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "common/config/violation.h"
#include "controlplane/store/catalog.h"
#include "switchyard/v1/fleet.pb.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::admin {

inline constexpr std::size_t kMaxCatalogResources = 50'000;
// rpc::kMaxMessageBytes, less room for the envelope.
inline constexpr std::size_t kMaxCatalogBytes = std::size_t{56} << 20;

struct ChangePlan {
  store::Catalog candidate;
  std::vector<v1::Change> changes;
  // Keys of `changes`.
  std::vector<v1::ResourceKey> touched;

  // Whether anything would differ.
  bool any() const;
};

// Mistakes of the request itself (a resource twice, without kind) go to `out`; the plan is then of no use. NOT_FOUND: a delete names nothing.
// RESOURCE_EXHAUSTED: the catalog would be too large.
absl::Status MakePlan(const store::Catalog& catalog, const std::vector<v1::Resource>& upserts, const std::vector<v1::ResourceKey>& deletes,
                      config::ViolationList& out, ChangePlan& plan);

}  // namespace switchyard::controlplane::admin
