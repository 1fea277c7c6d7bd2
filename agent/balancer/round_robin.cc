#include "agent/balancer/round_robin.h"

#include <algorithm>
#include <cmath>

namespace switchyard::agent::balancer {
namespace {
// Virtual time is rebased before the step 1/weight (>= 1e-4) would lose precision against it.
constexpr double kRebaseAt = 1e9;
}  // namespace

bool RoundRobin::Later(const Turn& a, const Turn& b) { return a.at != b.at ? a.at > b.at : a.backend > b.backend; }

RoundRobin::RoundRobin(std::span<const BackendFacts> backends, Random& random) {
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (backends[i].weight > 0) turns_.push_back({random.Unit() / backends[i].weight, i});
  }
  std::make_heap(turns_.begin(), turns_.end(), Later);
}

std::size_t RoundRobin::Pick(const View& view, std::optional<std::uint64_t>, Random& random) {
  // Those that are passed over gather behind the heap, and go back when it is known how far virtual time has come.
  auto end = turns_.end();
  std::size_t picked = kNone;
  double now = 0;
  while (picked == kNone && end != turns_.begin()) {
    std::pop_heap(turns_.begin(), end, Later);
    --end;
    now = end->at;
    const BackendFacts& facts = view.backends[end->backend];
    if (ShareOf(facts) <= 0 || end->backend == view.avoid) continue;
    // By chance and not by a turn put off: a share that grows holds from the next turn on.
    if (facts.tilt >= 1 || random.Unit() < static_cast<double>(facts.tilt)) picked = end->backend;
  }
  for (; end != turns_.end(); ++end) {
    // The next turn of its own rhythm after now: nobody catches up, and the turns of all stay as spread as they were.
    const double rate = view.backends[end->backend].weight;
    end->at += (std::floor((now - end->at) * rate) + 1) / rate;
    std::push_heap(turns_.begin(), end + 1, Later);
  }
  if (now > kRebaseAt) {
    for (Turn& turn : turns_) turn.at -= now;
  }
  return picked != kNone ? picked : AnyUsable(view, random);
}

}  // namespace switchyard::agent::balancer
