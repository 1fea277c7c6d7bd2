// Cursor: how far one stream has been told what the fleet knows. Its session keeps it, FleetLoop moves it.
//
// Thread-safety: values; used under FleetLoop's lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::controlplane::fleet {

// Serialized ControllerMessage.
using Frame = std::shared_ptr<const std::string>;

// Agents with the same set are told the same.
struct UpstreamSet {
  std::vector<std::string> names;  // sorted
  std::uint64_t encoded_epoch = 0;
  std::map<std::uint64_t, Frame> frames;  // by the epoch that they start from; null: nothing to tell
};

struct Cursor {
  std::shared_ptr<UpstreamSet> set;
  std::shared_ptr<const v1::Snapshot> target;
  std::uint64_t since = 0;   // 0: told nothing yet
  std::uint64_t probes = 0;  // version of the probe assignment
  std::uint64_t subsets = 0;  // of the subsets
  TimePoint told{};
};

}  // namespace switchyard::controlplane::fleet
