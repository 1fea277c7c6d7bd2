// Balancer: picks one backend of a group for one attempt.
//
// Pure: it sees facts, the time and a source of randomness, no clock and no socket. Each worker has its own instances, so there is no lock
// and no shared counter. Every balancer skips backends that are not usable and the one to avoid (where an attempt of this request just
// failed) if any other is left, and takes `weight * tilt` as a backend's share. Failing fast never attracts traffic: errors beyond those of
// the peers are charged, as requests in flight or as latency.
//
// Thread-safety: one worker. Cost: no allocation in Pick; see each balancer. Errors: kNone when nothing is usable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "agent/balancer/local_evidence.h"
#include "common/base/clock.h"
#include "common/base/random.h"

namespace switchyard::agent::balancer {

// What is known about one backend. `weight` never changes during a balancer's life; everything else may between two picks.
struct BackendFacts {
  std::uint32_t weight = 1;
  std::uint32_t in_flight = 0;
  // Requests in flight from the rest of the fleet, as told lately; 0 when that is not known. See others.h, by_turns.h.
  float others = 0;
  bool usable = true;
  // Share of its weight that it may take now, 0-1: slow start, a breaker that is half open, a soft verdict.
  float tilt = 1;
  // Requests in flight that it is held to have on top of its own: the charge for errors above its peers'.
  float charge = 0;
  // Whether what this worker saw of its errors is charged. Not while it is held at a part of its share: that is the measure then, and a charge on top would
  // keep away the answers by which it could prove itself.
  bool charged = true;
  // This worker's own experience; may be null.
  const LocalEvidence* evidence = nullptr;
};

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// What a pick sees.
struct View {
  std::span<const BackendFacts> backends;
  // Where an attempt of this request just failed; kNone: nowhere.
  std::size_t avoid = kNone;
  TimePoint now{};
  // Medians over the usable backends: seconds of latency, share of errors.
  double typical_latency = 0;
  double typical_error = 0;
  // Sums over the usable backends.
  double all_shares = 0;
  std::uint32_t all_in_flight = 0;
  // When the fleet told `others` last; zero: it says nothing.
  TimePoint others_at{};
};

// What a backend, or the agent in front of it, says of itself.
struct Report {
  float rif = 0;      // requests in flight there, from everybody
  float service = 0;  // seconds per request and per request in flight
  float error = 0;    // share of requests that fail
  TimePoint at{};     // when it came
};

class Balancer {
 public:
  virtual ~Balancer() = default;
  // An index into `view.backends`, or kNone. `key`: what hash balancers send to one place; the others ignore it.
  // REQUIRES: the same number of backends in the same order as at construction.
  virtual std::size_t Pick(const View& view, std::optional<std::uint64_t> key, Random& random) = 0;
  // Fresh evidence about one backend. Whoever does not use reports ignores them.
  virtual void OnReport(std::size_t /*backend*/, const Report& /*report*/) {}
  // Which backends should be asked for a report now: at most `out.size()`, written to `out`. Returns how many.
  virtual std::size_t Wanted(const View& /*view*/, Random& /*random*/, std::span<std::size_t> /*out*/) { return 0; }
};

// Relative share of a backend at this moment.
inline double ShareOf(const BackendFacts& facts) { return facts.usable ? static_cast<double>(facts.weight) * static_cast<double>(facts.tilt) : 0; }

// What a backend that is well may fail more than its peers do, by chance or by nature: it is not charged, or one failure would turn an idle balancer away for
// as long as anything of it is left.
inline constexpr double kUsualError = 0.02;
// Share of errors that it is charged for, of those that this worker has seen.
inline double ErrorCharged(const BackendFacts& facts, TimePoint now, double typical_error) {
  if (facts.evidence == nullptr || !facts.charged) return 0;
  const double error = facts.evidence->Error(now) - typical_error - kUsualError;
  return error > 0 ? error : 0;
}

// A usable backend other than `view.avoid` and `other`, drawn in proportion to its share; else `avoid` itself if it is usable and not
// `other`; else kNone. O(n).
std::size_t AnyUsable(const View& view, Random& random, std::size_t other = kNone);

}  // namespace switchyard::agent::balancer
