// ChangeIntent: the one way by which intent changes. Apply and Delete both come here.
//
// Steps: 1. bounds of the request; 2. plan against the newest catalog; 3. validate the whole candidate; 4. (dry run: answer) commit, expecting
// exactly the generation that was validated. If another writer was faster: back to 2, at most kMaxTries times, unless the caller named the
// generation that it expects.
//
// Thread-safety: any thread. Cost: validation of the whole catalog, one fsync. Bounds: kMaxResources per change; see ChangePlan for the catalog.
// Errors: INVALID_ARGUMENT with violations; FAILED_PRECONDITION with violations (what stays refers to what a delete names); ABORTED;
// NOT_FOUND (a delete names nothing); RESOURCE_EXHAUSTED; the store's. Nothing was changed then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

inline constexpr std::size_t kMaxResources = 20'000;
inline constexpr std::size_t kMaxAuthor = 128;
inline constexpr std::size_t kMaxReason = 1024;
inline constexpr Duration kMaxWait = std::chrono::minutes(10);
inline constexpr int kMaxTries = 8;

struct Intent {
  std::vector<v1::Resource> upserts;
  std::vector<v1::ResourceKey> deletes;
  bool dry_run = false;
  std::string author;
  std::string reason;
  std::optional<std::uint64_t> expected_generation;
  // Nothing: the caller does not wait.
  std::optional<Duration> wait;
};

struct IntentResult {
  absl::Status status;
  // With INVALID_ARGUMENT.
  v1::Violations violations;
  // Committed; the newest when nothing changed; the one it would be for a dry run.
  std::uint64_t generation = 0;
  std::vector<v1::Change> changes;
  // What was taken but should be known.
  std::vector<v1::Violation> warnings;
  // Of a dry run.
  std::vector<v1::ResourceDiff> diffs;
  // When that generation was committed (now, when nothing changed).
  WallTime committed;
  // What the store took to commit it or to fail; nothing: it had nothing to write.
  std::optional<Duration> commit_took;
};

IntentResult ChangeIntent(store::Store& store, const Clock& clock, const Intent& intent);

}  // namespace switchyard::controlplane::admin
