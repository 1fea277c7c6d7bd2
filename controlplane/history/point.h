// Point: the golden signals of one thing over one interval, and how points become fewer. Pure.
//
// Tiers: 1 s for 10 minutes, 10 s for 6 hours, 1 minute for 7 days. A tier's points are made from the sketches of its whole interval, so a
// latency of a minute is that minute's own quantile and no mean of sixty. Only for showing, when more points were asked than a chart can
// draw, points are folded: rates to their mean, latencies and gauges to their maximum, so that a spike never disappears.
// Thread-safety: pure functions. Cost: linear.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/clock.h"

namespace switchyard::controlplane::history {

// Columns as in v1.Series.
struct Point {
  double rate = 0;
  double errors = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t healthy = 0;
  std::uint32_t unhealthy = 0;
  double bytes = 0;
  // Percent; 100 when nothing adapts it.
  std::uint32_t weight = 100;

  friend bool operator==(const Point&, const Point&) = default;
};

enum class Tier : std::uint8_t { kSecond, kTenSeconds, kMinute };
inline constexpr std::size_t kTierCount = 3;
inline constexpr std::array<Tier, kTierCount> kTiers = {Tier::kSecond, Tier::kTenSeconds, Tier::kMinute};

// Length of a point's interval, and how far back points are kept; seconds.
std::int64_t StepOf(Tier tier);
std::int64_t ReachOf(Tier tier);
// The finest tier that reaches back so far; the coarsest when none does.
Tier TierFor(Duration last);

struct TimedPoint {
  // End of the interval, seconds since 1970.
  std::int64_t time = 0;
  Point point;
};

// At most `most` points of length `step` or a multiple of it, aligned to multiples; the step that came out goes to `step`. Times ascend.
std::vector<TimedPoint> Fold(const std::vector<TimedPoint>& points, std::size_t most, std::int64_t& step);

}  // namespace switchyard::controlplane::history
