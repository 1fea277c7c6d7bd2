// FleetService.Apply: from the request to an Intent, and from its result to the response. What happens between is in change_intent.h.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "controlplane/admin/change_intent.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

// `credential`: name of the caller, the author unless the request names one.
Intent IntentOf(const v1::ApplyRequest& request, const std::string& credential);
// REQUIRES: result.status is OK.
v1::ApplyResponse ApplyResponseOf(const IntentResult& result);

}  // namespace switchyard::controlplane::admin
