// ProbeShare: which backends this agent probes for the fleet.
//
// Thread-safety: loop thread only. Bounds: those of the message (a snapshot's backends).
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "switchyard/v1/overlay.pb.h"

namespace switchyard::agent::fleet {

class ProbeShare {
 public:
  // Replaces what was asked for before. True: it was something else.
  bool Take(const v1::ProbeAssignment& probes) {
    const auto before = std::exchange(shared_, {});
    for (const v1::UpstreamProbes& one : probes.upstreams()) shared_[one.upstream()] = {one.backends().begin(), one.backends().end()};
    return shared_ != before;
  }
  // Of an upstream that is not shared everything is ours.
  bool Mine(const std::string& upstream, const std::string& address) const {
    const auto at = shared_.find(upstream);
    return at == shared_.end() || at->second.contains(address);
  }

 private:
  std::map<std::string, std::set<std::string>> shared_;
};

}  // namespace switchyard::agent::fleet
