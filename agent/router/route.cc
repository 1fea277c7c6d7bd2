#include "agent/router/route.h"

namespace switchyard::agent::router {

std::uint32_t Route::TargetFor(std::uint64_t drawn) const {
  for (const Target& target : targets) {
    if (drawn < target.weight) return target.upstream;
    drawn -= target.weight;
  }
  return targets.back().upstream;
}

}  // namespace switchyard::agent::router
