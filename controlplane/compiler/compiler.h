// Compiler: a catalog and an agent's labels -> the snapshot that the agent needs, and nothing else.
//
// Reach: the listeners whose selector the labels satisfy; the routes that name one of these listeners; the upstreams that these routes
// name; the Secrets that these listeners and upstreams name, so that a key goes to no agent that does not use it. A route keeps all its
// listeners and is sent as it is, also when only one of them is the agent's. Output-only fields are cleared, so a snapshot changes only when
// its meaning does. Equal catalogs and labels give equal bytes.
//
// Thread-safety: pure functions. Cost: linear in the catalog's listeners and routes, and in the size of the result.
#pragma once

#include <map>
#include <string>

#include "controlplane/store/catalog.h"
#include "switchyard/v1/listener.pb.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::controlplane::compiler {

using Labels = std::map<std::string, std::string>;

// Whether every label of the selector is among `labels` with the same value.
bool Selects(const v1::AgentSelector& selector, const Labels& labels);

// With the catalog's generation, sorted by kind and name, with its digest. References that dangle are passed over.
v1::Snapshot Compile(const store::Catalog& catalog, const Labels& agent_labels);

}  // namespace switchyard::controlplane::compiler
