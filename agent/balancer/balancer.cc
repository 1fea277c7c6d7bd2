#include "agent/balancer/balancer.h"

#include "agent/balancer/least_request.h"
#include "agent/balancer/round_robin.h"

namespace switchyard::agent::balancer {

std::unique_ptr<Balancer> MakeBalancer(Kind kind, std::span<const BackendFacts> backends, Random& random) {
  if (kind == Kind::kRoundRobin) return std::make_unique<RoundRobin>(backends, random);
  return std::make_unique<LeastRequest>(backends);
}

std::size_t AnyUsable(std::span<const BackendFacts> backends, std::size_t avoid, Random& random) {
  const auto weight_of = [&](std::size_t at) -> std::uint64_t { return backends[at].usable ? backends[at].weight : 0; };
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < backends.size(); ++at) sum += at == avoid ? 0 : weight_of(at);
  if (sum == 0) return avoid < backends.size() && weight_of(avoid) > 0 ? avoid : kNone;
  std::uint64_t point = random.Below(sum);
  std::size_t at = 0;
  for (; at == avoid || point >= weight_of(at); ++at) point -= at == avoid ? 0 : weight_of(at);
  return at;
}

}  // namespace switchyard::agent::balancer
