// WorkerView: one snapshot as one worker serves it: the shared immutable tables and this worker's live state beside them.
//
// A request takes the view once and keeps it to its end, so it sees exactly one generation.
// Thread-safety: its worker.
#pragma once

#include <memory>
#include <vector>

#include "agent/loop/ref_counted.h"
#include "agent/snapshot/agent_snapshot.h"
#include "agent/upstream/upstream_state.h"

namespace switchyard::agent::exchange {

struct WorkerView final : loop::RefCounted {
  std::shared_ptr<const snapshot::AgentSnapshot> snapshot;
  // In the order of snapshot->upstreams.
  std::vector<loop::Ref<upstream::UpstreamState>> upstreams;
};

}  // namespace switchyard::agent::exchange
