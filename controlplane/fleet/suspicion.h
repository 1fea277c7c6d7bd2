// Suspicion: the running sum of all agents' evidence against one backend, and who contributed what to it.
//
// As CUSUM (never below 0) it finds the onset of errors, as SPRT (free to fall) their end; common/stats/sequential_test.h has the mathematics.
// What decides is `robust()`: the sum without the agent that says most against the backend. So nobody is judged on the word of one: an agent
// that lies, or whose own path is broken, moves nothing alone, while of n honest agents the judgement costs the evidence of one.
//
// Pure. Thread-safety: one owner. Cost: O(1) per Add, O(contributors) per robust(). Bounds: one entry per agent with a contribution; the sum
// stays within +-4 certainties, so that what was said long ago can be unsaid.
#pragma once

#include <cstdint>
#include <vector>

#include "common/stats/sequential_test.h"

namespace switchyard::controlplane::fleet {

class Suspicion {
 public:
  // One agent's part in one backend's sum; the agent's cell keeps it.
  struct Mark {
    std::uint32_t onset = 0;
    std::uint32_t place = 0;
  };
  struct Contribution {
    std::uint32_t agent = 0;
    double against = 0;
    double failures = 0;
  };

  // `failures`: already weighted by severity.
  void Add(Mark& mark, std::uint32_t agent, double successes, double failures, const stats::Hypotheses& h);
  // Takes back what this agent said since the onset.
  void Withdraw(const Mark& mark);
  // Starts anew. `may_fall`: SPRT.
  void Reset(bool may_fall = false);

  double sum() const { return sum_; }
  double robust() const;
  // Agents that saw a failure since the onset.
  std::uint32_t witnesses() const;
  const std::vector<Contribution>& contributions() const { return contributions_; }

 private:
  double sum_ = 0;
  bool may_fall_ = false;
  std::uint32_t onset_ = 1;
  std::vector<Contribution> contributions_;
};

}  // namespace switchyard::controlplane::fleet
