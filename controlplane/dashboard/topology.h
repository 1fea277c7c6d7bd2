// The topology as one small JSON text: listeners, routes, upstreams, and who leads to whom. Rates and health come from the overview.
//
// Thread-safety: pure function. Cost: O(resources). Bounds: kMaxNodes of each kind; `truncated` says when there are more.
#pragma once

#include <string>

#include "controlplane/store/catalog.h"

namespace switchyard::controlplane::dashboard {

inline constexpr std::size_t kMaxNodes = 2000;

std::string TopologyJson(const store::Catalog& catalog);

}  // namespace switchyard::controlplane::dashboard
