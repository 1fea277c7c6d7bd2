#include "controlplane/admin/change_intent.h"

#include <utility>

#include <fmt/format.h>

#include "common/config/violation.h"
#include "controlplane/admin/change_plan.h"
#include "controlplane/admin/resource_diff.h"
#include "controlplane/admin/secret_intent.h"
#include "controlplane/validation/tls_rules.h"
#include "controlplane/validation/validator.h"

namespace switchyard::controlplane::admin {
namespace {

IntentResult Refuse(absl::Status status) { return {.status = std::move(status), .violations = {}}; }

IntentResult Refuse(const config::ViolationList& violations, absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
  return {.status = absl::Status(code, violations.ToStatus().message()), .violations = violations.ToProto()};
}

absl::Status CheckBounds(const Intent& intent) {
  const std::size_t count = intent.upserts.size() + intent.deletes.size();
  if (count == 0) return absl::InvalidArgumentError("the request names no resource");
  if (count > kMaxResources) {
    return absl::InvalidArgumentError(fmt::format("the request names {} resources; at most {}: apply it in parts", count, kMaxResources));
  }
  if (intent.author.size() > kMaxAuthor) return absl::InvalidArgumentError(fmt::format("author: at most {} characters", kMaxAuthor));
  if (intent.reason.size() > kMaxReason) return absl::InvalidArgumentError(fmt::format("reason: at most {} characters", kMaxReason));
  if (intent.wait && (*intent.wait < Duration::zero() || *intent.wait > kMaxWait)) return absl::InvalidArgumentError("wait: must be 0s-10m");
  return absl::OkStatus();
}

absl::Status Outrun(std::uint64_t expected, std::uint64_t newest) {
  return absl::AbortedError(fmt::format("generation {} was expected, but the newest is {}: another change came first; look at it and try again",
                                        expected, newest));
}

std::vector<v1::Violation> Warnings(const std::vector<v1::Resource>& upserts, WallTime now) {
  config::ViolationList warnings;
  for (const v1::Resource& resource : upserts) validation::AddTlsWarnings(resource, now, warnings);
  return warnings.kept();
}

// One round of steps 2 to 4.
IntentResult Try(store::Store& store, const Clock& clock, Intent intent) {
  const auto catalog = store.Read();
  CompleteSecrets(*catalog, intent.upserts);
  if (intent.expected_generation && *intent.expected_generation != catalog->generation) {
    return Refuse(Outrun(*intent.expected_generation, catalog->generation));
  }
  config::ViolationList violations;
  ChangePlan plan;
  const auto planned = MakePlan(*catalog, intent.upserts, intent.deletes, violations, plan);
  if (!violations.empty()) return Refuse(violations);
  if (!planned.ok()) return Refuse(planned);
  validation::ValidateCatalog(plan.candidate, plan.touched, clock.WallNow(), violations);
  // The request itself is in order when it only deletes: it is the rest of the fleet that stands against it.
  const bool deletes_only = intent.upserts.empty();
  if (!violations.empty()) {
    return Refuse(violations, deletes_only ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kInvalidArgument);
  }

  IntentResult result;
  result.generation = catalog->generation + (plan.any() ? 1 : 0);
  result.changes = std::move(plan.changes);
  result.committed = clock.WallNow();
  result.warnings = Warnings(intent.upserts, result.committed);
  if (intent.dry_run) {
    result.diffs = DiffsOf(*catalog, plan.candidate, plan.touched);
    return result;
  }
  store::Transaction transaction{.upserts = std::move(intent.upserts),
                                 .deletes = intent.deletes,
                                 .expected_generation = catalog->generation,
                                 .author = intent.author,
                                 .reason = intent.reason,
                                 .time = result.committed};
  const TimePoint start = clock.Now();
  const auto entry = store.Commit(transaction);
  // Where nothing changes the store writes nothing.
  if (result.generation > catalog->generation) result.commit_took = clock.Now() - start;
  if (!entry.ok()) {
    IntentResult failed = Refuse(entry.status());
    failed.commit_took = result.commit_took;
    return failed;
  }
  result.generation = entry->generation();
  return result;
}

}  // namespace

IntentResult ChangeIntent(store::Store& store, const Clock& clock, const Intent& intent) {
  if (auto status = CheckBounds(intent); !status.ok()) return Refuse(std::move(status));
  for (int tries = 1;; ++tries) {
    IntentResult result = Try(store, clock, intent);
    const bool outrun = absl::IsAborted(result.status) && !intent.expected_generation;
    if (!outrun || tries == kMaxTries) return result;
  }
}

}  // namespace switchyard::controlplane::admin
