#include "controlplane/stream/convergence.h"

#include <algorithm>

namespace switchyard::controlplane::stream {
namespace {

v1::Laggard::State LaggardState(Standing standing) {
  switch (standing) {
    case Standing::kQuarantined:
      return v1::Laggard::STATE_QUARANTINED;
    case Standing::kRejected:
      return v1::Laggard::STATE_REJECTED;
    case Standing::kApplied:
    case Standing::kPending:
      break;
  }
  return v1::Laggard::STATE_PENDING;
}

void AddLaggard(v1::Convergence& convergence, const SessionFacts& facts, v1::Laggard::State state) {
  if (convergence.laggards_size() >= kMaxLaggards) return;
  v1::Laggard* laggard = convergence.add_laggards();
  laggard->set_node(facts.node);
  laggard->set_state(state);
  laggard->set_applied_generation(facts.served_generation);
  const auto& violations = state == v1::Laggard::STATE_REJECTED ? facts.rejected : facts.quarantined;
  if (state != v1::Laggard::STATE_PENDING) laggard->mutable_violations()->Assign(violations.begin(), violations.end());
}

void SetTook(v1::Convergence& convergence, Duration took) {
  took = std::max(took, Duration::zero());
  convergence.mutable_took()->set_seconds(took / std::chrono::seconds(1));
  convergence.mutable_took()->set_nanos(static_cast<int>((took % std::chrono::seconds(1)).count()));
}

}  // namespace

Standing StandingOf(const SessionFacts& facts, std::uint64_t generation) {
  if (facts.served_generation >= generation) return facts.quarantined.empty() ? Standing::kApplied : Standing::kQuarantined;
  return facts.rejected_generation >= generation ? Standing::kRejected : Standing::kPending;
}

v1::Convergence ComputeConvergence(const AgentRecords& agents, std::uint64_t generation, WallTime committed, WallTime now) {
  v1::Convergence convergence;
  convergence.set_generation(generation);
  WallTime last = committed;
  for (const auto& [node, agent] : agents) {
    if (!agent.connected && !agent.expected) continue;
    convergence.set_total(convergence.total() + 1);
    if (agent.expected) continue;
    const Standing standing = StandingOf(agent.facts, generation);
    if (standing == Standing::kApplied) {
      convergence.set_applied(convergence.applied() + 1);
      last = std::max(last, agent.facts.served_at.value_or(committed));
    } else {
      AddLaggard(convergence, agent.facts, LaggardState(standing));
    }
  }
  bool absent = false;
  for (const auto& [node, agent] : agents) {
    if (!agent.connected && agent.facts.served_generation < generation) {
      AddLaggard(convergence, agent.facts, v1::Laggard::STATE_DISCONNECTED);
      absent = true;
    }
  }
  convergence.set_complete(convergence.applied() == convergence.total() && (convergence.total() > 0 || !absent));
  SetTook(convergence, (convergence.complete() ? last : now) - committed);
  return convergence;
}

}  // namespace switchyard::controlplane::stream
