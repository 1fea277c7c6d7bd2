// The one step of the store: catalog + transaction -> next catalog + what changed. Pure; every store uses it, so all agree.
//
// Resources equal to what is stored, output-only fields aside, are no change. Equality is of deterministic bytes, so the order of map
// entries does not count.
//
// Thread-safety: pure function. Cost: O(catalog) to copy the map of shared resources, O(size of the transaction) for the rest.
// Errors: ABORTED (expected generation), INVALID_ARGUMENT (no kind, no name, the same resource twice), NOT_FOUND (delete of nothing).
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "controlplane/store/catalog.h"
#include "controlplane/store/store.h"

namespace switchyard::controlplane::store {

struct ChangeStep {
  // Null when nothing changed.
  std::shared_ptr<const Catalog> next;
  // What is stored and watched: changed resources only.
  ChangeRecord record;
  // What the committer is told: unchanged ones too.
  v1::HistoryEntry answer;
};

absl::StatusOr<ChangeStep> ApplyTransaction(const Catalog& now, const Transaction& transaction);

}  // namespace switchyard::controlplane::store
