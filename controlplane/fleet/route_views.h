// RouteViews: how the routes that have trouble at one backend fare there lately. Nature: how a route fares at the middle one of an upstream's backends.
//
// What all backends do to a route is nobody's fault: it is that of what stands behind them, or of the question. Such a route is compared with how it fares
// elsewhere, and is left out of what is usual for the others; where more than shared_cause of it fails at the middle backend it says nothing.
// A backend where a route has no trouble tells nothing of it, so it counts as well there.
//
// Pure. Thread-safety: one owner. Cost: O(kMost) per Add, O(views) of the upstream per NaturesOf. Bounds: kMost routes per backend; beyond, the one that
// is heard of least makes place. Routes that nothing is heard of fade away.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "common/base/clock.h"
#include "controlplane/fleet/fading.h"

namespace switchyard::controlplane::fleet {

// Of answers: all, and slow ones.
using SlowLately = FadingCounts<3000>;

struct RouteView {
  std::uint64_t route = 0;
  Lately errors;
  SlowLately slow;
};

class RouteViews {
 public:
  static constexpr std::size_t kMost = 32;

  RouteView& Of(std::uint64_t route, TimePoint now);
  void Forget(TimePoint now);
  const std::vector<RouteView>& all() const { return views_; }

 private:
  std::vector<RouteView> views_;
};

// Shares at the middle backend.
struct Nature {
  double error = 0;
  double slow = 0;
};
// By route; those that fare well at the middle one are not there.
using Natures = std::map<std::uint64_t, Nature>;

// From these on a share at the middle backend is the route's nature.
inline constexpr double kFailsEverywhere = 0.05;
inline constexpr double kSlowEverywhere = 0.20;

// `backends`: the views of each backend with traffic; null: no route has trouble there.
Natures NaturesOf(const std::vector<const RouteViews*>& backends, TimePoint now);

}  // namespace switchyard::controlplane::fleet
