// TurnOrder: backends in turn, each as often as its rate says, spread evenly.
//
// Earliest deadline first, as round_robin.h has it, but without passing over: each turn is used up by whoever asks, so the order depends on rates alone.
// The first turns are placed at random within one period, so that many workers and agents do not go side by side.
// Thread-safety: one worker. Cost: Next O(log n), no allocation; Rescale O(n). Bounds: rates are held to 1e-4 and above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/balancer/balancer.h"

namespace switchyard::agent::balancer {

class TurnOrder {
 public:
  // Those of weight zero have no turns.
  TurnOrder(std::span<const BackendFacts> backends, Random& random);

  bool empty() const { return turns_.empty(); }
  std::size_t first() const { return turns_[0].backend; }
  // Whose turn was first has its next one `1 / rate` later. REQUIRES: not empty.
  void Pass(double rate);
  // The rate of each becomes so many times as large; what has passed of the way to its next turn stays passed. `by`: per backend, above 0.
  void Rescale(std::span<const double> by);

 private:
  struct Turn {
    double at = 0;
    std::uint32_t backend = 0;
  };
  void Sink(std::size_t place);
  void Order();

  std::vector<Turn> turns_;  // a heap, earliest on top
  double now_ = 0;           // the turn that was passed last
};

}  // namespace switchyard::agent::balancer
