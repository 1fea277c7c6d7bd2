// Balancer: picks one backend of an upstream for one attempt.
//
// Pure: it sees facts and a source of randomness, no clock and no socket. Each worker has its own instances, so there is no lock and no
// shared counter. Every balancer skips backends that are not usable and the one to avoid (where an attempt of this request just failed) if
// any other is left.
//
// Thread-safety: one worker. Cost: no allocation in Pick. Errors: kNone when nothing is usable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/base/random.h"

namespace switchyard::agent::balancer {

// What is known about one backend. `weight` never changes during a balancer's life.
struct BackendFacts {
  std::uint32_t weight = 1;
  std::uint32_t in_flight = 0;
  bool usable = true;
};

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

class Balancer {
 public:
  virtual ~Balancer() = default;
  // An index into `backends`, or kNone. REQUIRES: the same number of backends in the same order as at construction.
  virtual std::size_t Pick(std::span<const BackendFacts> backends, std::size_t avoid, Random& random) = 0;
};

enum class Kind : std::uint8_t { kRoundRobin, kLeastRequest };

std::unique_ptr<Balancer> MakeBalancer(Kind kind, std::span<const BackendFacts> backends, Random& random);

// A usable backend other than `avoid`, drawn in proportion to weight; else `avoid` itself if it is usable; else kNone. O(n).
std::size_t AnyUsable(std::span<const BackendFacts> backends, std::size_t avoid, Random& random);

}  // namespace switchyard::agent::balancer
