#include "common/base/clock.h"

namespace switchyard {
namespace {
constexpr std::int64_t kManualEpochNs = 1'000'000'000;
constexpr std::int64_t kManualWallNs = 1'767'225'600'000'000'000;  // 2026-01-01T00:00:00Z
}  // namespace

TimePoint SystemClock::Now() const { return std::chrono::steady_clock::now(); }

WallTime SystemClock::WallNow() const { return std::chrono::system_clock::now(); }

ManualClock::ManualClock() : now_ns_(kManualEpochNs), wall_ns_(kManualWallNs) {}

TimePoint ManualClock::Now() const { return TimePoint(Duration(now_ns_.load())); }

WallTime ManualClock::WallNow() const { return WallTime(Duration(wall_ns_.load())); }

void ManualClock::Advance(Duration by) {
  now_ns_ += by.count();
  wall_ns_ += by.count();
}

void ManualClock::SetWall(WallTime to) { wall_ns_ = to.time_since_epoch().count(); }

}  // namespace switchyard
