// ConfigSink: where a received snapshot goes. The controller client and the last-good file feed it; the agent's core implements it.
//
// Contract: `Apply` builds every table of the snapshot first and then switches all workers at one point, or nothing at all.
// A resource that cannot be applied (a port that cannot be bound, say) is quarantined: it is named in `violations`, its last good version
// serves on if there is one, and its siblings apply. `done` runs exactly once, on any thread.
// Thread-safety: `Apply` may be called from any thread; calls are carried out in order.
#pragma once

#include <functional>
#include <vector>

#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::config {

struct ApplyOutcome {
  // Every worker serves the snapshot (less the quarantined resources).
  bool applied = false;
  std::vector<v1::Violation> violations;
};

class ConfigSink {
 public:
  virtual ~ConfigSink() = default;
  virtual void Apply(const v1::Snapshot& snapshot, std::function<void(ApplyOutcome)> done) = 0;
};

}  // namespace switchyard::agent::config
