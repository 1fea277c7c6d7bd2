// The scenarios that tables.h and sim_test.cc share.
#pragma once

#include "tests/sim/fleet.h"

namespace switchyard::tests::sim {

struct Policy {
  const char* name;
  agent::balancer::Kind kind;
  bool reports = false;
  bool true_weights = false;  // configured with the real capacities
  double tells = 0;           // seconds between overlays of the fleet's requests in flight
};

inline constexpr Policy kRoundRobin{"round robin", agent::balancer::Kind::kRoundRobin};
inline constexpr Policy kTrueWeights{"round robin, true weights", agent::balancer::Kind::kRoundRobin, false, true};
inline constexpr Policy kLeastRequest{"least request", agent::balancer::Kind::kLeastRequest};
inline constexpr Policy kPeakEwma{"peak EWMA", agent::balancer::Kind::kPeakEwma};
inline constexpr Policy kPrequal{"hot/cold rule, 3 probes", agent::balancer::Kind::kPrequal, true};
inline constexpr Policy kAdaptiveLocal{"ADAPTIVE, own evidence only", agent::balancer::Kind::kAdaptive};
inline constexpr Policy kAdaptive{"ADAPTIVE, reports", agent::balancer::Kind::kAdaptive, true};
inline constexpr Policy kAdaptiveOverlay{"ADAPTIVE, overlay of 100 ms", agent::balancer::Kind::kAdaptive, false, false, 0.1};
inline constexpr Policy kPolicies[] = {kRoundRobin, kTrueWeights, kLeastRequest, kPeakEwma, kPrequal, kAdaptiveLocal, kAdaptiveOverlay, kAdaptive};

// E1. `load`: of the capacity without bursts.
inline Scenario UnevenFleet(const Policy& policy, int agents, double load, bool uneven) {
  Scenario out;
  out.kind = policy.kind;
  out.reports = policy.reports;
  out.tells = policy.tells;
  out.agents = agents;
  out.bursts = uneven;
  double capacity = 0;
  for (int i = 0; i < 40; ++i) {
    BackendModel backend;
    if (uneven && i < 10) backend.speed = 0.5;
    if (policy.true_weights) backend.weight = backend.speed < 1 ? 1 : 2;
    capacity += backend.slots * backend.speed / out.service;
    out.backends.push_back(backend);
  }
  out.rate = load * capacity;
  return out;
}

// As tests/prove/balancers has it with real processes: everything four times as long but for the overlay, which comes every 100 ms and in no time. 40 s of it.
inline Scenario SlowerFleet(const Policy& policy, bool uneven) {
  Scenario out = UnevenFleet(policy, 20, 0.75, uneven);
  out.service *= 4;
  out.rate /= 4;
  out.burst *= 4;
  out.burst_gap *= 4;
  out.push = 0.005;
  out.requests = static_cast<std::uint64_t>(40 * out.rate);
  return out;
}

}  // namespace switchyard::tests::sim
