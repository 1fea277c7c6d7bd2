#include "controlplane/admin/change_desk.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/status.h"
#include "controlplane/admin/past.h"

namespace switchyard::controlplane::admin {

IntentResult ChangeDesk::Carry(const Intent& intent, std::string_view verb, const std::string& who) {
  IntentResult result = ChangeIntent(*parts_.store, *parts_.clock, intent);
  if (!result.status.ok()) {
    parts_.log->Warn("change refused", {{"author", intent.author}, {"reason", Message(result.status)}});
    if (!intent.dry_run) Note(who, verb, fmt::format("{} resources", intent.upserts.size() + intent.deletes.size()), Message(result.status));
    return result;
  }
  if (intent.dry_run) return result;
  const auto changed = std::count_if(result.changes.begin(), result.changes.end(),
                                     [](const v1::Change& c) { return c.action() != v1::Change::ACTION_UNCHANGED; });
  parts_.log->Info(changed > 0 ? "change committed" : "nothing changed",
                   {{"generation", result.generation}, {"author", intent.author}, {"resources", changed}});
  if (changed > 0) Note(who, verb, fmt::format("generation {} ({} resources)", result.generation, changed));
  return result;
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
