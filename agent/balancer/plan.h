// Plan: how an upstream's backends are picked, compiled: the rule, and the groups of backends that it is applied to.
//
// Backends of one priority form a tier; where a zone is preferred, a tier is two groups, ours and the rest. Hash balancers keep a tier in one
// group whatever the zones: a key has one home. Tables of hash balancers are built here, once for all workers.
// Thread-safety: immutable. Cost of MakePlan: that of the tables (Maglev: a few ms).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/balancer/balancer.h"
#include "agent/balancer/hash_table.h"
#include "agent/balancer/slow_start.h"

namespace switchyard::agent::balancer {

enum class Kind : std::uint8_t {
  kRoundRobin,
  kLeastRequest,
  kRandom,
  kPeakEwma,
  kAdaptive,
  kPrequal,
  kRingHash,
  kMaglev,
  kRendezvous,
};

bool IsHash(Kind kind);

// One backend as configured.
struct Member {
  std::uint64_t identity = 0;  // HashOf(address)
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;  // 0 first
  bool local = true;           // in the agent's zone, or zones do not matter
};

struct PlanOptions {
  Kind kind = Kind::kLeastRequest;
  // Of hash balancers: c of bounded load; 0: no bound.
  double hash_bound = 0;
  // Below this share of the ACTIVE weight, backends are brought back, least bad first.
  double least_capacity = 0;
  bool prefer_local = false;
  // A zone keeps everything while this share of its weight is usable.
  double zone_fill = 0.8;
  SlowStartPolicy slow_start;
};

struct Plan {
  struct Group {
    std::uint32_t tier = 0;
    bool local = true;
    std::vector<std::uint32_t> members;
    std::shared_ptr<const HashTable> table;  // of hash balancers
  };
  PlanOptions options;
  std::vector<Member> members;
  std::vector<Group> groups;  // by tier, within one the local group first
  std::uint32_t tiers = 0;
};

std::shared_ptr<const Plan> MakePlan(const PlanOptions& options, std::vector<Member> members);

// The balancer of one group. `facts`: in the order of the group's members.
std::unique_ptr<Balancer> MakeBalancer(const Plan& plan, const Plan::Group& group, std::span<const BackendFacts> facts, Random& random);

}  // namespace switchyard::agent::balancer
