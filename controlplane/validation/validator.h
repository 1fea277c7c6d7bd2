// Validation: whether a catalog may be committed. Collects every violation; never stops at the first.
//
// Two parts. Field rules (names, bounds, forms) are asked of the resources that the change touches. Consistency is asked of the whole
// candidate catalog, because a change can break what it does not touch: a delete leaves a dangling reference, a new listener takes a port
// that another one has. So what is refused is always explained by the change, and what was committed under older rules can still be
// replaced.
//
// The rules are those of the comments in proto/switchyard/v1; the numbers are common/config/limits.h. The agent has the same rules for what
// it takes, and may still refuse for reasons that only a host knows (an address that it does not have): that is quarantine, not validation.
//
// Thread-safety: pure functions. Cost: linear in the candidate for references; port conflicts are compared only among listeners of one
// port. 20,000 resources take well below a second. Bounds: those of ViolationList, catalog_limits.h and port_conflicts.h.
#pragma once

#include <cstddef>
#include <vector>

#include "common/base/clock.h"
#include "common/config/violation.h"
#include "controlplane/store/catalog.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::validation {

// `touched`: the keys that the change creates, updates or deletes; in any order.
// `now` judges certificates.
void ValidateCatalog(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, WallTime now, config::ViolationList& out);

// The same for files that are a part of a fleet: what they refer to and do not hold may be in the fleet, so it goes to `warnings`.
void ValidatePart(const store::Catalog& part, const std::vector<v1::ResourceKey>& touched, WallTime now, config::ViolationList& out,
                  config::ViolationList& warnings);

// The field rules of one resource alone: what can be said without a catalog.
void ValidateResource(const v1::Resource& resource, WallTime now, config::ViolationList& out);

}  // namespace switchyard::controlplane::validation
