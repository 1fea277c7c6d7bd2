// Convergence: where a generation is live and where not. Pure: facts in, answer out.
//
// Of the connected agents, each stands in one of four ways to a generation G:
//   applied      it serves G or a later one, nothing in quarantine
//   quarantined  it serves G or a later one, but holds resources in quarantine
//   rejected     it refused G, or a later one that includes G, as a whole
//   pending      none of these yet
// An agent that G does not concern serves it at once (see SessionFacts::served_generation). `total` counts every connected agent.
// Disconnected agents that do not serve G are listed as laggards, after all others. They do not count for `complete`, except that nothing is
// complete while nobody is connected and somebody known lacks G. An agent that is expected back (see AgentRecord) counts in `total`.
// Thread-safety: pure functions. Cost: O(agents).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "controlplane/stream/session_facts.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::stream {

enum class Standing { kApplied, kQuarantined, kRejected, kPending };

Standing StandingOf(const SessionFacts& facts, std::uint64_t generation);

// An agent that the controller knows, connected or not.
struct AgentRecord {
  SessionFacts facts;
  bool connected = false;
  // Known from before the controller started and not heard of since; it is given a little time to return.
  bool expected = false;
};

// By node.
using AgentRecords = std::map<std::string, AgentRecord>;

inline constexpr int kMaxLaggards = 1000;

// `committed`: when the generation was committed.
v1::Convergence ComputeConvergence(const AgentRecords& agents, std::uint64_t generation, WallTime committed, WallTime now);

}  // namespace switchyard::controlplane::stream
