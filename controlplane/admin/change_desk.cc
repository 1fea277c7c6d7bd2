#include "controlplane/admin/change_desk.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/observe/metric_names.h"
#include "controlplane/admin/past.h"

namespace switchyard::controlplane::admin {
namespace {

std::string Resources(std::uint64_t count) { return fmt::format("{} {}", count, count == 1 ? "resource" : "resources"); }

}  // namespace

IntentResult ChangeDesk::Carry(const Intent& intent, std::string_view verb, const std::string& who) {
  IntentResult result = ChangeIntent(*parts_.store, *parts_.clock, intent);
  if (!result.status.ok()) {
    if (!intent.dry_run) Count(result, /*changed=*/false);
    parts_.log->Warn("change refused", {{"author", intent.author}, {"reason", Message(result.status)}});
    if (!intent.dry_run) Note(who, verb, Resources(intent.upserts.size() + intent.deletes.size()), Message(result.status));
    return result;
  }
  if (intent.dry_run) return result;
  const auto changed = std::count_if(result.changes.begin(), result.changes.end(),
                                     [](const v1::Change& c) { return c.action() != v1::Change::ACTION_UNCHANGED; });
  Count(result, changed > 0);
  parts_.log->Info(changed > 0 ? "change committed" : "nothing changed",
                   {{"generation", result.generation}, {"author", intent.author}, {"resources", changed}});
  if (changed > 0) Note(who, verb, fmt::format("generation {} ({})", result.generation, Resources(static_cast<std::uint64_t>(changed))));
  return result;
}

void ChangeDesk::Count(const IntentResult& result, bool changed) {
  if (parts_.metrics == nullptr) return;
  if (result.commit_took) parts_.metrics->Observe(observe::kCommitSeconds, {}, std::chrono::duration<double>(*result.commit_took).count());
  if (result.status.ok()) {
    parts_.metrics->Add(observe::kChanges, {changed ? "committed" : "unchanged"});
  } else {
    // Another change that came first is no fault of the store's.
    const bool store = result.commit_took && !absl::IsAborted(result.status);
    parts_.metrics->Add(observe::kChanges, {store ? "failed" : "refused"});
  }
}

IntentResult ChangeDesk::Rollback(const v1::RollbackRequest& request, const std::string& who, Intent& intent) {
  auto made = IntentOf(*parts_.store, request, who);
  if (!made.ok()) {
    if (!request.dry_run()) Note(who, "rollback", fmt::format("to generation {}", request.generation()), Message(made.status()));
    return {.status = made.status()};
  }
  intent = *std::move(made);
  if (intent.upserts.empty() && intent.deletes.empty()) {
    IntentResult same;
    same.generation = parts_.store->Read()->generation;
    same.committed = parts_.clock->WallNow();
    return same;
  }
  return Carry(intent, "rollback", who);
}

void ChangeDesk::Note(std::string_view who, std::string_view verb, std::string_view subject, std::string_view refused) {
  if (auto noted = parts_.actions->Add(who, verb, subject, refused); !noted.ok()) {
    parts_.log->Warn("an action could not be written down", {{"verb", verb}, {"who", who}, {"reason", Message(noted)}});
  }
}

}  // namespace switchyard::controlplane::admin
