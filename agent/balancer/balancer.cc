#include "agent/balancer/balancer.h"

namespace switchyard::agent::balancer {

std::size_t AnyUsable(const View& view, Random& random, std::size_t other) {
  const auto share = [&](std::size_t at) { return at == view.avoid || at == other ? 0.0 : ShareOf(view.backends[at]); };
  double sum = 0;
  for (std::size_t at = 0; at < view.backends.size(); ++at) sum += share(at);
  if (sum <= 0) {
    const bool avoided = view.avoid < view.backends.size() && view.avoid != other && ShareOf(view.backends[view.avoid]) > 0;
    return avoided ? view.avoid : kNone;
  }
  double point = random.Unit() * sum;
  std::size_t last = kNone;
  for (std::size_t at = 0; at < view.backends.size(); ++at) {
    const double own = share(at);
    if (own <= 0) continue;
    last = at;
    if (point < own) return at;
    point -= own;
  }
  return last;  // rounding went past the end
}

}  // namespace switchyard::agent::balancer
