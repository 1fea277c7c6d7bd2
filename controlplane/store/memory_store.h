// A Store in memory: for tests and simulations. Same logic and promises as the durable one, apart from durability.
//
// Thread-safety: as Store. Bounds: the history, as given.
#pragma once

#include <memory>

#include "controlplane/store/history_window.h"
#include "controlplane/store/store.h"

namespace switchyard::controlplane::store {

std::unique_ptr<Store> OpenMemoryStore(HistoryLimits limits = {});

}  // namespace switchyard::controlplane::store
