// SubsetSink: stands before the workers and makes the agent's subsets fit each configuration before they have it, so that they never turn to backends of others
// between two. Thread-safety: as the discovery before it, loop thread only.
#pragma once

#include <functional>
#include <utility>

#include "agent/config/config_sink.h"
#include "agent/fleet/subset_share.h"

namespace switchyard::agent {

class SubsetSink final : public config::ConfigSink {
 public:
  // Both must outlive it.
  SubsetSink(fleet::SubsetShare& subsets, config::ConfigSink& next) : subsets_(subsets), next_(next) {}
  void Apply(const v1::Snapshot& snapshot, std::function<void(config::ApplyOutcome)> done) override {
    subsets_.Update(snapshot);
    next_.Apply(snapshot, std::move(done));
  }

 private:
  fleet::SubsetShare& subsets_;
  config::ConfigSink& next_;
};

}  // namespace switchyard::agent
