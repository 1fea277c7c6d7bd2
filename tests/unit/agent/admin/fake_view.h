// FakeView: an agent for the admin pages whose every figure the test sets.
#pragma once

#include "agent/admin/agent_view.h"
#include "common/observe/metric_names.h"

namespace switchyard::agent::admin {

class FakeView final : public AgentView {
 public:
  Readiness Ready() const override { return facts.readiness; }
  AgentFacts Facts() const override { return facts; }
  const v1::Snapshot& Snapshot() const override { return snapshot; }
  const observe::Metrics& FreshMetrics() override {
    metrics.Set(observe::kConfigGeneration, static_cast<double>(snapshot.generation()));
    return metrics;
  }

  AgentFacts facts;
  v1::Snapshot snapshot;
  observe::Metrics metrics;
};

}  // namespace switchyard::agent::admin
