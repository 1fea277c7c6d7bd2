#include "controlplane/fleet/route_views.h"

#include <algorithm>

#include "controlplane/fleet/middle.h"

namespace switchyard::controlplane::fleet {
namespace {

// One bad result is no share: so many good ones are taken for granted.
constexpr double kTakenForGranted = 2;
constexpr double kNextToNothing = 0.05;

double HeardOf(const RouteView& view, TimePoint now) { return view.errors.attempts(now) + view.slow.attempts(now); }

template <class Counts>
double ShareOf(const Counts& counts, TimePoint now) {
  return counts.failed(now) / (counts.attempts(now) + kTakenForGranted);
}

struct Shares {
  std::vector<double> errors;
  std::vector<double> slow;
};

// The middle of the shares, where `others` backends have none to tell.
double Middle(std::vector<double>& shares, std::size_t others) {
  shares.resize(shares.size() + others, 0.0);
  return LowerMedian(shares, 0.0);
}

}  // namespace

RouteView& RouteViews::Of(std::uint64_t route, TimePoint now) {
  const auto at = std::find_if(views_.begin(), views_.end(), [&](const RouteView& one) { return one.route == route; });
  if (at != views_.end()) return *at;
  if (views_.size() < kMost) return views_.emplace_back(RouteView{route, {}, {}});
  const auto least = std::min_element(views_.begin(), views_.end(), [&](const RouteView& a, const RouteView& b) { return HeardOf(a, now) < HeardOf(b, now); });
  return *least = {route, {}, {}};
}

void RouteViews::Forget(TimePoint now) {
  std::erase_if(views_, [&](const RouteView& one) { return HeardOf(one, now) < kNextToNothing; });
}

Natures NaturesOf(const std::vector<const RouteViews*>& backends, TimePoint now) {
  std::map<std::uint64_t, Shares> routes;
  for (const RouteViews* views : backends) {
    if (views == nullptr) continue;
    for (const RouteView& view : views->all()) {
      Shares& shares = routes[view.route];
      shares.errors.push_back(ShareOf(view.errors, now));
      shares.slow.push_back(ShareOf(view.slow, now));
    }
  }
  Natures out;
  for (auto& [route, shares] : routes) {
    Nature nature;
    nature.error = Middle(shares.errors, backends.size() - shares.errors.size());
    nature.slow = Middle(shares.slow, backends.size() - shares.slow.size());
    if (nature.error < kFailsEverywhere) nature.error = 0;
    if (nature.slow < kSlowEverywhere) nature.slow = 0;
    if (nature.error > 0 || nature.slow > 0) out[route] = nature;
  }
  return out;
}

}  // namespace switchyard::controlplane::fleet
