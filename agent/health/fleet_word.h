// FleetWord: what the controller's overlay says of one backend, shared between whoever applies overlays (writer) and the workers (readers).
//
// Plain by default: with no overlay, or one that has ended, it says nothing. The writer lets what is old go (agent/fleet/overlay_table.h), so a reader
// compares no time, but for the requests in flight, which are of use for a second only.
// Thread-safety: every method from any thread; a reader may see parts of two words for an instant, which is harmless. Cost: relaxed loads.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/base/clock.h"

namespace switchyard::agent::health {

enum class FleetVerdict : std::uint8_t { kGood, kReduced, kEjected, kForcedOut, kForcedIn };
enum class FleetHealth : std::uint8_t { kUnknown, kHealthy, kUnhealthy };

class FleetWord {
 public:
  static constexpr Duration kInFlightLasts = std::chrono::seconds(1);

  FleetVerdict verdict() const { return verdict_.load(std::memory_order_relaxed); }
  FleetHealth health() const { return health_.load(std::memory_order_relaxed); }
  // Factor to the configured weight; and of that, 0-1.
  float weight() const { return weight_.load(std::memory_order_relaxed); }
  float share() const { return share_.load(std::memory_order_relaxed); }
  // Not in this agent's subset (FleetPolicy.subset_size). The only word that does not come from overlays; see agent/fleet/subset_share.h.
  bool left_out() const { return left_out_.load(std::memory_order_relaxed); }
  // From all agents; and when that was told.
  float in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  TimePoint told() const { return TimePoint(Duration(told_.load(std::memory_order_relaxed))); }

  void SetVerdict(FleetVerdict verdict, float share) {
    share_.store(share, std::memory_order_relaxed);
    verdict_.store(verdict, std::memory_order_relaxed);
  }
  void SetHealth(FleetHealth health) { health_.store(health, std::memory_order_relaxed); }
  void SetWeight(float weight) { weight_.store(weight, std::memory_order_relaxed); }
  void SetLeftOut(bool left_out) { left_out_.store(left_out, std::memory_order_relaxed); }
  void SetInFlight(float count, TimePoint now) {
    in_flight_.store(count, std::memory_order_relaxed);
    told_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }

 private:
  std::atomic<FleetVerdict> verdict_{FleetVerdict::kGood};
  std::atomic<FleetHealth> health_{FleetHealth::kUnknown};
  std::atomic<bool> left_out_{false};
  std::atomic<float> weight_{1};
  std::atomic<float> share_{1};
  std::atomic<float> in_flight_{0};
  std::atomic<std::int64_t> told_{0};
};

}  // namespace switchyard::agent::health
