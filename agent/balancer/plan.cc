#include "agent/balancer/plan.h"

#include <map>
#include <utility>

#include "agent/balancer/adaptive.h"
#include "agent/balancer/consistent_hash.h"
#include "agent/balancer/least_request.h"
#include "agent/balancer/peak_ewma.h"
#include "agent/balancer/prequal.h"
#include "agent/balancer/random_choice.h"
#include "agent/balancer/round_robin.h"

namespace switchyard::agent::balancer {
namespace {

HashScheme SchemeOf(Kind kind) {
  if (kind == Kind::kRingHash) return HashScheme::kRing;
  return kind == Kind::kMaglev ? HashScheme::kMaglev : HashScheme::kRendezvous;
}

std::vector<HashMember> HashMembers(const Plan& plan, const Plan::Group& group) {
  std::vector<HashMember> out;
  out.reserve(group.members.size());
  for (const std::uint32_t member : group.members) out.push_back({plan.members[member].identity, plan.members[member].weight});
  return out;
}

}  // namespace

bool IsHash(Kind kind) { return kind == Kind::kRingHash || kind == Kind::kMaglev || kind == Kind::kRendezvous; }

std::shared_ptr<const Plan> MakePlan(const PlanOptions& options, std::vector<Member> members) {
  auto plan = std::make_shared<Plan>();
  plan->options = options;
  plan->members = std::move(members);
  const bool split = options.prefer_local && !IsHash(options.kind);
  std::map<std::uint32_t, std::map<bool, std::vector<std::uint32_t>>> tiers;  // priority -> remote -> members
  for (std::uint32_t i = 0; i < plan->members.size(); ++i) {
    const Member& member = plan->members[i];
    tiers[member.priority][split && !member.local].push_back(i);
  }
  for (auto& [priority, sides] : tiers) {
    for (auto& [remote, own] : sides) plan->groups.push_back({plan->tiers, !remote, std::move(own), nullptr});
    ++plan->tiers;
  }
  if (IsHash(options.kind)) {
    for (Plan::Group& group : plan->groups) group.table = MakeHashTable(SchemeOf(options.kind), HashMembers(*plan, group));
  }
  return plan;
}

std::unique_ptr<Balancer> MakeBalancer(const Plan& plan, const Plan::Group& group, std::span<const BackendFacts> facts, Random& random) {
  switch (plan.options.kind) {
    case Kind::kRoundRobin:
      return std::make_unique<RoundRobin>(facts, random);
    case Kind::kRandom:
      return std::make_unique<RandomChoice>(facts);
    case Kind::kPeakEwma:
      return std::make_unique<PeakEwma>(facts);
    case Kind::kAdaptive:
      return std::make_unique<Adaptive>(facts, random);
    case Kind::kPrequal:
      return std::make_unique<Prequal>(facts);
    case Kind::kRingHash:
    case Kind::kMaglev:
    case Kind::kRendezvous:
      return std::make_unique<ConsistentHash>(group.table, HashMembers(plan, group), plan.options.hash_bound);
    case Kind::kLeastRequest:
      break;
  }
  return std::make_unique<LeastRequest>(facts);
}

}  // namespace switchyard::agent::balancer
