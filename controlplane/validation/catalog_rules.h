// Rules between resources: what only the whole candidate catalog can show. Only what the change can have caused is reported.
//
// Thread-safety: pure functions. Cost: references O(references x log n); ports as below.
#pragma once

#include <cstddef>
#include <set>

#include "common/config/violation.h"
#include "controlplane/store/catalog.h"

namespace switchyard::controlplane::validation {

using Touched = std::set<store::Catalog::Key, std::less<>>;

// Every listener and upstream that a route names must exist. A dangling name of a touched route is a violation of the route; a name that dangles
// because its resource is deleted is a violation of the deleted resource, which says who still needs it. The first kMaxSuggestions of the
// former come with the nearest existing name.
void CheckReferences(const store::Catalog& candidate, const Touched& touched, config::ViolationList& out);
inline constexpr int kMaxSuggestions = 20;

// No two listeners that one agent would open may claim one port of one address. `0.0.0.0` claims the port of every IPv4 address, `::` of every
// IPv6 one. Two selectors can meet in one agent unless they want different values of one label. Reported once per pair, on a touched listener.
//
// Cost: touched listeners are compared with the others of their port only; those that want other values of the port's commonest label are
// passed over unseen. At most kMaxPortPairs comparisons per port; beyond, the port is refused as too crowded.
void CheckPorts(const store::Catalog& candidate, const Touched& touched, config::ViolationList& out);
inline constexpr std::size_t kMaxPortPairs = 2'000'000;

}  // namespace switchyard::controlplane::validation
