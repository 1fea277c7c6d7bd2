#include "controlplane/history/point.h"

#include <algorithm>

namespace switchyard::controlplane::history {
namespace {

struct Shape {
  std::int64_t step;
  std::int64_t reach;
};
constexpr std::array<Shape, kTierCount> kShapes = {{{1, 600}, {10, 6 * 3600}, {60, 7 * 24 * 3600}}};

// The end of the interval of length `step` in which `time` is the end of a shorter one.
std::int64_t EndOf(std::int64_t time, std::int64_t step) { return (time + step - 1) / step * step; }

void Take(Point& into, const Point& from) {
  into.rate += from.rate;
  into.errors += from.errors;
  into.bytes += from.bytes;
  into.p50_ms = std::max(into.p50_ms, from.p50_ms);
  into.p99_ms = std::max(into.p99_ms, from.p99_ms);
  into.in_flight = std::max(into.in_flight, from.in_flight);
  into.healthy = std::max(into.healthy, from.healthy);
  into.unhealthy = std::max(into.unhealthy, from.unhealthy);
  // The least: what was taken from a backend is what one looks for.
  into.weight = std::min(into.weight, from.weight);
}

void Finish(Point& point, std::size_t count) {
  const auto n = static_cast<double>(count);
  point.rate /= n;
  point.errors /= n;
  point.bytes /= n;
}

}  // namespace

std::int64_t StepOf(Tier tier) { return kShapes[static_cast<std::size_t>(tier)].step; }

std::int64_t ReachOf(Tier tier) { return kShapes[static_cast<std::size_t>(tier)].reach; }

Tier TierFor(Duration last) {
  for (const Tier tier : kTiers) {
    if (last <= std::chrono::seconds(ReachOf(tier))) return tier;
  }
  return Tier::kMinute;
}

std::vector<TimedPoint> Fold(const std::vector<TimedPoint>& points, std::size_t most, std::int64_t& step) {
  if (points.size() <= most || most == 0) return points;
  const std::int64_t span = points.back().time - points.front().time + step;
  std::int64_t wide = step * std::max<std::int64_t>(1, (span / step + static_cast<std::int64_t>(most) - 1) / static_cast<std::int64_t>(most));
  // Alignment can need one interval more than the span alone.
  while (EndOf(points.back().time, wide) / wide - EndOf(points.front().time, wide) / wide + 1 > static_cast<std::int64_t>(most)) wide += step;
  step = wide;
  std::vector<TimedPoint> out;
  std::size_t count = 0;
  for (const TimedPoint& point : points) {
    const std::int64_t end = EndOf(point.time, step);
    if (!out.empty() && out.back().time == end) {
      Take(out.back().point, point.point);
      ++count;
      continue;
    }
    if (!out.empty()) Finish(out.back().point, count);
    out.push_back({end, point.point});
    count = 1;
  }
  if (!out.empty()) Finish(out.back().point, count);
  return out;
}

}  // namespace switchyard::controlplane::history
