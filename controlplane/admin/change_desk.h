// ChangeDesk: carries changes out, whoever brings them, and writes down who did: the API and the dashboard use the same one.
//
// Thread-safety: any thread, but REQUIRES one at a time (the queue of changes). Cost and errors: as ChangeIntent.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/observe/log.h"
#include "common/observe/metrics.h"
#include "controlplane/admin/change_intent.h"
#include "controlplane/identity/actions.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

class ChangeDesk {
 public:
  // All outlive it.
  struct Parts {
    const Clock* clock = nullptr;
    observe::Log* log = nullptr;
    store::Store* store = nullptr;
    identity::Actions* actions = nullptr;
    // May be null.
    observe::Metrics* metrics = nullptr;
  };
  explicit ChangeDesk(Parts parts) : parts_(parts) {}

  // `verb`: for the list of actions. `who`: name on the credential.
  IntentResult Carry(const Intent& intent, std::string_view verb, const std::string& who);
  // Works the intent out, then carries it.
  IntentResult Rollback(const v1::RollbackRequest& request, const std::string& who, Intent& intent);
  // Writes an action down; a store that refuses is logged.
  void Note(std::string_view who, std::string_view verb, std::string_view subject, std::string_view refused = {});

 private:
  void Count(const IntentResult& result, bool changed);
  const Parts parts_;
};

}  // namespace switchyard::controlplane::admin
