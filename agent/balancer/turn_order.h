// TurnOrder: backends in turn, each as often as its weight says and spread evenly, in constant time.
//
// Backends stand side by side on a circle, each as wide as its share, in an order of this worker's own; a point goes round it. Where all have
// the same weight it goes from place to place. Else a heavy one would have many turns in a row, and the point goes by the golden ratio: the
// gaps between two visits of one backend then have at most three lengths, whatever the weights. Source: V. T. Sos, "On the distribution
// mod 1 of the sequence n*alpha", 1958. A heap of next turns (round_robin.h) costs 130 ns a turn at 1,000 backends.
// Thread-safety: one worker. Cost: O(1) expected, no allocation. Precision of a share: 2^-52.
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

  bool empty() const { return slots_.empty(); }
  // REQUIRES: not empty.
  std::size_t Next();

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 / 1.618...
  struct Slot {
    std::uint64_t last = 0;  // of the circle of 2^64
    std::uint32_t backend = 0;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> guide_;  // the circle in equal parts: the slot that each begins in
  std::uint64_t point_ = 0;
  std::uint64_t step_ = kGolden;
};

}  // namespace switchyard::agent::balancer
