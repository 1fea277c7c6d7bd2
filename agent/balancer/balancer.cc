#include "agent/balancer/balancer.h"

#include "agent/balancer/least_request.h"
#include "agent/balancer/round_robin.h"

namespace switchyard::agent::balancer {

std::unique_ptr<Balancer> MakeBalancer(Kind kind, std::span<const BackendFacts> backends, Random& random) {
  if (kind == Kind::kRoundRobin) return std::make_unique<RoundRobin>(backends, random);
  return std::make_unique<LeastRequest>(backends);
}

std::size_t AnyUsable(std::span<const BackendFacts> backends, std::size_t avoid, Random& random) {
  if (backends.empty()) return kNone;
  const std::size_t start = random.Below(backends.size());
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const std::size_t at = (start + i) % backends.size();
    if (at != avoid && backends[at].usable && backends[at].weight > 0) return at;
  }
  const bool avoided_is_usable = avoid < backends.size() && backends[avoid].usable && backends[avoid].weight > 0;
  return avoided_is_usable ? avoid : kNone;
}

}  // namespace switchyard::agent::balancer
