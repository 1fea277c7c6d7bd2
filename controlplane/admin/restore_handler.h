// Restore: from the resources of a backup to an Intent: what the backup has is as it was, what it has not is gone.
//
// Thread-safety: pure. Cost: O(resources). Errors: none here; the change is judged as any other (change_intent.h).
#pragma once

#include "controlplane/admin/change_intent.h"
#include "controlplane/backup/backup.h"
#include "controlplane/store/catalog.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

// `credential`: name of the caller, the author unless the request names one.
Intent IntentOf(const v1::RestoreChunk& words, const backup::Restorable& backup, const store::Catalog& now, const std::string& credential);

}  // namespace switchyard::controlplane::admin
