// SubsetShare: which backends this agent uses, where upstreams have a `subset_size`, written into the words that the workers read.
//
// By the controller's word where there is one. Otherwise (no controller yet, or an upstream that it does not name: it has just come, or its backends are
// found by the agent) by hash: of each priority the `subset_size` ACTIVE backends that suit this agent's name best, which is where the controller's plan
// starts from as well. An assignment does not end when the controller is silent: all agents turning to all backends just then would be the load that subsets
// are there to avoid. It names addresses, so it holds over a change of configuration as far as it fits; of an upstream where nothing of it is left the agent
// chooses itself.
//
// Thread-safety: loop thread only. Cost of Update and Take: linear in the backends of upstreams with subsets. Bounds: those of the snapshot and of the message.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/health/health_table.h"
#include "switchyard/v1/snapshot.pb.h"
#include "switchyard/v1/subset.pb.h"

namespace switchyard::agent::fleet {

class SubsetShare {
 public:
  // `table` must outlive it. `node`: this agent's name in the fleet.
  SubsetShare(health::HealthTable& table, const std::string& node);

  // What is about to be served, discovered backends filled in.
  void Update(const v1::Snapshot& snapshot);
  // Replaces what the controller said before. True: the agent uses other backends now.
  bool Take(const v1::SubsetAssignment& subsets);
  // What the controller said last.
  const v1::SubsetAssignment& told() const { return told_; }
  // True for all backends of upstreams without subsets.
  bool Mine(const std::string& upstream, const std::string& address) const;

 private:
  struct Backend {
    std::uint64_t name = 0;
    std::uint32_t priority = 0;
    bool active = true;
    bool mine = true;
    std::shared_ptr<health::BackendHealth> health;
  };
  struct Upstream {
    std::size_t size = 0;
    std::map<std::string, Backend> backends;
  };

  // True: something is another's now.
  bool Choose(const std::string& name, Upstream& upstream);
  bool TakeTold(const v1::UpstreamSubset& told, Upstream& upstream) const;
  void ChooseByHash(Upstream& upstream) const;

  health::HealthTable& table_;
  const std::uint64_t node_;
  v1::SubsetAssignment told_;
  std::map<std::string, const v1::UpstreamSubset*> by_name_;  // into told_
  std::map<std::string, Upstream> upstreams_;
};

}  // namespace switchyard::agent::fleet
