#include "agent/breaker/route_breakers.h"

#include <algorithm>
#include <utility>

namespace switchyard::agent::breaker {
namespace {

// Shares are of about so many results.
constexpr double kMemory = 64;
constexpr Duration kHeldFor = std::chrono::seconds(5);
constexpr std::uint32_t kMostHeld = 32;
constexpr Duration kWellFor = std::chrono::minutes(1);
constexpr Duration kUnusedFor = std::chrono::minutes(10);
// Failures of the rest with which everything held is charged.
constexpr double kSure = 1.8;

}  // namespace

void RouteBreaker::OnOwn(bool failed, bool slow, TimePoint now) {
  last_used = now;
  if (failed || slow) last_bad = now;
  if (results_ >= kMemory) {
    results_ /= 2;
    failures_ /= 2;
    slow_ /= 2;
  }
  ++results_;
  failures_ += failed ? 1 : 0;
  slow_ += slow ? 1 : 0;
}

void RouteBreaker::Hold(TimePoint now) {
  if (now - held_since_ > kHeldFor) held_ = 0;
  if (held_ == 0) held_since_ = now;
  held_ = std::min(held_ + 1, kMostHeld);
}

std::uint32_t RouteBreaker::Release(TimePoint now) {
  if (now - held_since_ > kHeldFor) held_ = 0;
  if (held_ == 0 || !RestFails()) return 0;
  if (rest_.Holds(kSure, {})) return std::exchange(held_, 0);
  --held_;
  return 1;
}

RouteBreaker* RouteBreakers::Find(std::uint64_t id) const {
  for (const auto& one : routes_) {
    if (one->id() == id) return one.get();
  }
  return nullptr;
}

RouteBreaker* RouteBreakers::Add(const RouteName& route) {
  if (routes_.size() >= kMost) {
    const auto spare = std::find_if(routes_.begin(), routes_.end(), [](const auto& one) { return one->breaker.Forgotten() && !one->holds(); });
    if (spare == routes_.end()) return nullptr;
    routes_.erase(spare);
  }
  return routes_.emplace_back(std::make_unique<RouteBreaker>(route, all_.sum())).get();
}

std::uint32_t RouteBreakers::Count(std::uint64_t id, bool failed, bool slow, TimePoint now) {
  const bool bad = failed || slow;
  std::uint32_t charged = 0;
  all_.AddCusum(bad, {});
  for (const auto& one : routes_) {
    if (one->id() == id) {
      one->OnOwn(failed, slow, now);
      continue;
    }
    one->OnRest(bad);
    if (bad && one->holds()) charged += one->Release(now);
  }
  return charged;
}

bool RouteBreakers::Forget(const BreakerPolicy& policy, TimePoint now) {
  const Duration well = std::max(kWellFor, policy.window);
  const Duration unused = std::max(kUnusedFor, 2 * policy.open_timeout);
  return std::erase_if(routes_, [&](const auto& one) {
           return (one->breaker.Forgotten() && now - one->last_bad >= well) || now - std::max(one->last_used, one->last_bad) >= unused;
         }) > 0;
}

}  // namespace switchyard::agent::breaker
