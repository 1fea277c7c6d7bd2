// Route forms: a route must be one that its listeners can serve.
//
// Listeners of TCP and TLS_PASSTHROUGH pass bytes on unread, so nothing of HTTP can be asked of them: their routes have `listeners`, `forward`
// and `timeouts.idle`, and with TLS_PASSTHROUGH `matches` by `sni`. A TCP listener has one route, because nothing could tell two apart.
// Asked of the whole catalog, because a listener can change its protocol under a route. The violation stands on the route.
//
// Thread-safety: pure function. Cost: one look-up per reference. Source: proto/switchyard/v1/route.proto.
#pragma once

#include "common/config/violation.h"
#include "controlplane/store/catalog.h"

namespace switchyard::controlplane::validation {

void CheckRouteForms(const store::Catalog& candidate, config::ViolationList& out);

}  // namespace switchyard::controlplane::validation
