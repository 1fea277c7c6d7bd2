// Port conflicts: two listeners that one agent would open must not claim the same address and port.
//
// Two listeners meet when some set of labels satisfies both selectors: always, unless the selectors want different values of one label.
// They clash when their ports are equal and their addresses are equal or one is the wildcard of the other's family (`::` is IPv6 only, so
// it does not clash with 0.0.0.0). A change can only make a conflict through a listener that it touches, so only those are compared with
// the others.
//
// Thread-safety: pure function. Cost: listeners are put together by port, and within a port by the value of the label that most of their
// selectors want; so thousands of listeners on one port that select different hosts cost little. What is left is compared in pairs, at
// most kMaxPortPairs over all ports (about 50 ns each); beyond, one violation names the port that is too crowded.
#pragma once

#include <cstddef>
#include <vector>

#include "common/config/violation.h"
#include "controlplane/store/catalog.h"

namespace switchyard::controlplane::validation {

inline constexpr std::size_t kMaxPortPairs = 5'000'000;

void CheckPortConflicts(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, config::ViolationList& out);

}  // namespace switchyard::controlplane::validation
