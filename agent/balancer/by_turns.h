// ByTurns: a few backends whose turn it is, and of those the one that costs least by this worker's own experience; the fleet's requests in
// flight shape whose turn it is.
//
// Candidates. In weighted turns (turn_order.h) and not drawn: an eighth of the backends, at least 2 and at most 5, so that a group of equal
// backends is shared about as evenly as by round robin, and a single favourite takes at most so many times its share. What does not win has
// had its turn.
// Cost. (in_flight / relative share + 1) * sqrt(mean latency) * (1 + 10 * excess error). The mean, not a peak: it remembers how busy a backend
// was, so the choice evens out what chance has made uneven. The root, because latency holds the queue that in_flight counts, too. Of those
// that cost the same whoever has been picked least for its share takes the request: shares follow weights where nothing differs.
// The fleet. Where an overlay tells the requests in flight from all agents, a backend with more than its share by over two standard deviations
// of chance gets fewer turns, in proportion: kGain times the excess over what arrives there between two overlays (by Little's law from this
// worker's own rate). All agents see the same old figure: a choice by it, instead of a rate, makes them all go to the same place (herding).
//
// Simulated in tests/sim (`uneven`, `even`, `slower`); what else was tried is in DECISIONS.md. Sources: M. Mitzenmacher, "The Power of Two
// Choices in Randomized Load Balancing", 1996; the same, "How Useful Is Old Information?", 2000, for choosing by old counts; the rest is ours.
// Thread-safety: one worker. Cost: O(1) expected, no allocation; O(n) at each overlay (10 a second). Without evidence, or an overlay: what is
// left of the above.
#pragma once

#include <vector>

#include "agent/balancer/turn_order.h"

namespace switchyard::agent::balancer {

class ByTurns {
 public:
  static constexpr std::size_t kMostCandidates = 5;

  ByTurns(std::span<const BackendFacts> backends, Random& random);
  // kNone when nothing is usable.
  std::size_t Pick(const View& view, Random& random);

 private:
  struct State {
    double factor = 1;  // of its turns, by the fleet's requests in flight
    double credit = 0;  // of turns that it may have only a part of
    double served = 0;  // virtual time of its last pick: picks per share
  };
  struct Candidates;

  void Learn(const View& view);
  bool MeasureOwn(double passed);
  void SetFactors(const View& view);
  bool Takes(const BackendFacts& facts, State& state) const;
  void Gather(const View& view, Candidates& out);
  static void Join(const View& view, std::size_t at, Candidates& out);

  const std::size_t wanted_;
  TurnOrder order_;
  std::vector<State> states_;
  double served_ = 0;  // virtual time: picks per share of all
  TimePoint learnt_{}; // the overlay that factors are by
  // Between two overlays: seconds, own picks, and own requests in flight as each pick found them.
  double gap_ = 0;
  double picks_ = 0;
  double carried_ = 0;
  double rate_ = 0;  // own picks per second, smoothed
  double load_ = 0;  // own requests in flight, smoothed
};

}  // namespace switchyard::agent::balancer
