// RouteLevel: the breakers of routes over all backends of one upstream: who is limited where, who makes up how much of the traffic.
//
// The states lie in the backends' records (route_breakers.h) and outlive this; here is the list of those that are not closed, by route, which
// is what a pick needs. While it is empty a pick pays one comparison.
//
// Pure. Thread-safety: one worker. Bounds: kMost states, beyond which failures are the backend's. Cost: ShareOf O(log limits); Rebuild, when a
// state leaves or enters closed, and Sweep, every second, O(backends).
#pragma once

#include <span>
#include <vector>

#include "agent/balancer/backend_record.h"
#include "agent/balancer/selection.h"

namespace switchyard::agent::balancer {

class RouteLevel {
 public:
  static constexpr std::size_t kMost = 1'024;

  struct Limit {
    std::uint64_t route = 0;
    std::size_t member = 0;
    breaker::RouteBreaker* state = nullptr;
    std::uint64_t picks = 0;  // of the route, since the last trial
  };

  // All must outlive it; per member.
  RouteLevel(const breaker::BreakerPolicy& policy, const std::vector<BackendRecord*>& records, const std::vector<Standing>& standings);

  void SetSeveral(bool several);
  bool several() const { return several_; }

  // A pick for this route; a running share of the one that asks most. No branch: it is on every request's way.
  void Asked(std::uint64_t route) {
    newest_ = route;
    by_most_ += route == most_ ? 1U : 0U;
    ++asked_;
  }
  // It makes up nine tenths: what happens to it is what happens to the backend, as far as the fleet need know.
  bool Dominates(std::uint64_t route) const { return route != 0 && route == dominant_; }

  bool any_limits() const { return !limits_.empty(); }
  std::span<Limit> LimitsOf(std::uint64_t route);
  // Of the backend's share, 0-1, that the route may have of it.
  float ShareOf(std::size_t member, std::uint64_t route) const;
  float ShareOf(const Limit& limit) const;
  // A breaker of the route keeps it from somebody.
  bool Bars(std::uint64_t route) const;

  // The state of a route that has failed here, made if there is place; null: there is none.
  breaker::RouteBreaker* Take(std::size_t member, const breaker::RouteName& route);
  // How it fares with the other backends: medians.
  breaker::Peers PeersOf(std::size_t member, std::uint64_t route);
  // To be said when a state has changed between closed and not.
  void Changed() { Rebuild(); }
  // All that routes hold against the backend is the backend's now.
  void Clear(std::size_t member);
  void Refresh(TimePoint now);
  // Probes have changed their mind about the backend.
  void ProbesSay(std::size_t member, bool well, TimePoint now);

 private:
  void Rebuild();
  void Sweep(TimePoint now);
  void MeasureTraffic();

  const breaker::BreakerPolicy& policy_;
  const std::vector<BackendRecord*>& records_;
  const std::vector<Standing>& standings_;
  std::vector<Limit> limits_;  // by route and member
  std::vector<double> errors_;
  std::vector<double> slows_;
  std::size_t states_ = 0;
  bool several_ = false;
  TimePoint swept_{};
  // The last second's traffic.
  std::uint64_t most_ = 0;
  std::uint64_t newest_ = 0;
  std::uint64_t by_most_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t dominant_ = 0;
};

}  // namespace switchyard::agent::balancer
