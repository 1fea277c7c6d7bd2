// Suspicion: the running sum of all agents' evidence against one backend, and which agent and which route contributed what to it.
//
// As CUSUM (never below 0) it finds the onset of errors, as SPRT (free to fall) their end; common/stats/sequential_test.h has the mathematics.
// What decides is `robust()`, which leaves out twice:
//  - the agent that says most against the backend. So nobody is judged on the word of one: an agent that lies, or whose own path is broken, moves
//    nothing alone, while of n honest agents the judgement costs the evidence of one.
//  - the route that says most against it. What the other routes see (the rest) must speak against the backend, too, again without the agent that
//    says most. So one sick endpoint is no sick backend.
// The rest is a CUSUM of its own for each route, with a head start: it falls to -kHeadStart at most, and as soon as it speaks against the backend at all
// it counts for kHeadStart more than it is. Where a backend fails everybody the rest so has shown that by the time the sum is large enough; where
// others were seen to be well it takes a whole new certainty. Evidence of no route in particular belongs to every rest. Source of the head start:
// J. M. Lucas, R. B. Crosier, "Fast Initial Response for CUSUM Quality-Control Schemes", 1982.
//
// Pure. Thread-safety: one owner. Cost: O(routes) per Add, O(contributors) per robust(). Bounds: one entry per agent with a contribution; kMostRoutes,
// beyond which the route that says least is forgotten as a route; kMostParts of an agent and a route, beyond which an agent's word on one more route is
// of no route; sums stay within +-4 certainties, so that what was said long ago can be unsaid.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "common/stats/sequential_test.h"

namespace switchyard::controlplane::fleet {

class Suspicion {
 public:
  // Of 9.2. Six failures make a certainty; of the rest so two in a row do, beside those of the agent that says most.
  static constexpr double kHeadStart = 6;
  static constexpr std::size_t kMostRoutes = 32;
  static constexpr std::size_t kMostParts = 16'384;

  // One agent's part in one backend's sum; the agent's cell keeps it.
  struct Mark {
    std::uint32_t onset = 0;
    std::uint32_t place = 0;
  };
  struct Contribution {
    std::uint32_t agent = 0;
    double against = 0;  // of no route; the rest is in parts
    double failures = 0;
  };
  struct Route {
    std::uint64_t id = 0;
    double against = 0;
    double rest = 0;  // everything else
  };

  // `failures`: already weighted by severity. `route`: whose results, 0: of none in particular.
  void Add(Mark& mark, std::uint32_t agent, double successes, double failures, const stats::Hypotheses& h, std::uint64_t route = 0);
  // Takes back what this agent said since the onset.
  void Withdraw(const Mark& mark);
  // Starts anew. `may_fall`: SPRT.
  void Reset(bool may_fall = false);

  double sum() const { return sum_; }
  double robust() const;
  // The route that says most against it; null: none does.
  const Route* loudest() const;
  // Agents that saw a failure since the onset.
  std::uint32_t witnesses() const;
  const std::vector<Contribution>& contributions() const { return contributions_; }
  const std::vector<Route>& routes() const { return routes_; }

 private:
  // Of an agent (its place) and a route (its slot): slot first, so that those of a route lie together.
  using Part = std::pair<std::uint32_t, std::uint32_t>;

  double AddToRest(double rest, double step) const;
  // Where routes_ keeps it; its size: nowhere.
  std::uint32_t SlotOf(std::uint64_t route, bool failed);
  void ForgetRoute(std::uint32_t slot);

  double sum_ = 0;
  bool may_fall_ = false;
  std::uint32_t onset_ = 1;
  std::vector<Contribution> contributions_;
  std::vector<Route> routes_;
  std::map<Part, double> parts_;
};

}  // namespace switchyard::controlplane::fleet
