// RouteBreakers: the breakers of the routes that have trouble with one backend, and whose fault a failure there is held to be.
//
// A backend may be well and one endpoint of it sick. So what is about the question (statuses from 500, no answer in time, slow answers) goes to a breaker of
// (route, backend) first; what is about the backend (refused, reset, TLS) never comes here. The two levels share evidence by one rule: **a route's failures are
// the backend's, too, while the rest of what is asked of it fails as well.** The rest is watched by a running sum (CUSUM) over the results of all other routes:
//
//   rest holds half a failure (one, and at most 9 successes since)   this failure counts for the backend as well, and one that was held
//   rest holds 1.8 failures (two, at most 3 successes apart)         and so do all that were held
//   less                                                             the failure is held, for 5 s at most: the backend is not told
//
// So a backend that fails everybody is charged with every failure as soon as two routes have seen one, and one sick endpoint never opens the backend's breaker.
// A route is here from its first failure until it has been well for a minute. What all backends do to a route is nobody's fault: the caller gives the peers.
//
// Pure. Thread-safety: one worker. Bounds: kMost routes, of which one with nothing held against it makes place for another; beyond, Add refuses and the caller
// charges the backend. Cost: O(routes here) per result, and nothing at all where no route has failed. Source: the hypotheses of sequential_test.h; shares of
// evidence are tested in route_breakers_test.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/breaker/breaker.h"

namespace switchyard::agent::breaker {

// Who asks. `id`: a hash of the name, 0: nobody in particular (tunnels, copies, connections made ahead).
struct RouteName {
  std::uint64_t id = 0;
  std::string_view name;
};

// One route at one backend.
class RouteBreaker {
 public:
  RouteBreaker(const RouteName& route, double rest) : id_(route.id), name_(route.name) { rest_.Set(rest); }

  Breaker breaker;
  TimePoint last_bad{};
  TimePoint last_used{};

  std::uint64_t id() const { return id_; }
  const std::string& name() const { return name_; }
  // Of its last results here, with a few good ones taken for granted: one failure is no share.
  double ErrorShare() const { return failures_ / (results_ + kTakenForGranted); }
  double SlowShare() const { return slow_ / (results_ + kTakenForGranted); }
  void OnOwn(bool failed, bool slow, TimePoint now);
  void OnRest(bool bad) { rest_.AddCusum(bad, {}); }
  // The rest fails, too.
  bool RestFails() const { return rest_.Holds(0.5, {}); }
  // Keeps a failure back.
  void Hold(TimePoint now);
  // How many of those held the backend is to be charged with now that the rest fails.
  std::uint32_t Release(TimePoint now);
  bool holds() const { return held_ > 0; }

 private:
  static constexpr double kTakenForGranted = 4;

  const std::uint64_t id_;
  const std::string name_;
  stats::SequentialTest rest_;
  double results_ = 0;
  double failures_ = 0;
  double slow_ = 0;
  std::uint32_t held_ = 0;
  TimePoint held_since_{};
};

class RouteBreakers {
 public:
  static constexpr std::size_t kMost = 16;

  RouteBreaker* Find(std::uint64_t id) const;
  // Null: full of routes that something is held against.
  RouteBreaker* Add(const RouteName& route);
  // A result, whoever asked. Returns how many failures held by other routes are the backend's now.
  std::uint32_t Count(std::uint64_t id, bool failed, bool slow, TimePoint now);
  // Lets go of what is well again, or has not been asked for long. True: something went.
  bool Forget(const BreakerPolicy& policy, TimePoint now);

  const std::vector<std::unique_ptr<RouteBreaker>>& all() const { return routes_; }

 private:
  std::vector<std::unique_ptr<RouteBreaker>> routes_;
  stats::SequentialTest all_;
};

}  // namespace switchyard::agent::breaker
