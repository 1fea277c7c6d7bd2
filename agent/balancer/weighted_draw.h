// WeightedDraw: draws backends at random in proportion to weight, in constant time.
//
// An alias table over the configured weights, then rejection of what is unusable or, by its tilt, has had enough. Source: M. D. Vose, "A
// linear algorithm for generating random numbers with a given distribution", 1991.
// Thread-safety: immutable after construction. Cost: O(1) expected, no allocation; a scan when 8 draws in a row were rejected, so that a
// group that is mostly down still finds who is up. Precision of a share: 2^-32.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/balancer/balancer.h"

namespace switchyard::agent::balancer {

class WeightedDraw {
 public:
  explicit WeightedDraw(std::span<const BackendFacts> backends);

  // A usable backend that is neither `view.avoid` nor `other`, or kNone when it has not found one in 8 draws.
  std::size_t Try(const View& view, std::size_t other, Random& random) const;
  // As AnyUsable, but quicker.
  std::size_t One(const View& view, Random& random) const;
  struct Two {
    std::size_t first = kNone;
    std::size_t second = kNone;
  };
  // Two different ones if there are two; `first` is kNone if nothing is usable. For a rule whose ties go to the first.
  Two Pair(const View& view, Random& random) const;
  // For a rule by which any of two may win: where weights or tilts differ the second may be the first again, so that shares still follow
  // the weights when the rule is as good as a coin.
  Two FairPair(const View& view, Random& random) const;

 private:
  struct Column {
    std::uint64_t threshold = 0;  // of 2^32: below it the column itself, else its alias
    std::uint32_t alias = 0;
  };
  std::size_t Draw(Random& random) const;

  std::vector<Column> columns_;
  bool even_ = true;
  bool empty_ = true;  // no weight at all
};

}  // namespace switchyard::agent::balancer
