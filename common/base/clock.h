// Clock: the only source of time in Switchyard.
//
// Two readings: `Now()` is monotonic and for measuring and deadlines; `WallNow()` is civil time for people, certificates and history.
// Logic takes a `Clock&` (or a time point) and never asks the system itself, so that tests and simulations decide what time it is.
//
// Thread-safety: `SystemClock` is safe from any thread. `ManualClock` is safe from any thread. Cost: one vDSO call, no allocation.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace switchyard {

using Duration = std::chrono::nanoseconds;
// Monotonic; the zero point means nothing.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Civil time, UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual WallTime WallNow() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  TimePoint Now() const override;
  WallTime WallNow() const override;
};

// A clock that stands still until told to move. Both readings move together.
class ManualClock final : public Clock {
 public:
  // Starts at an arbitrary monotonic point and at 2026-01-01T00:00:00Z.
  ManualClock();
  TimePoint Now() const override;
  WallTime WallNow() const override;
  // REQUIRES: by >= 0.
  void Advance(Duration by);
  // Moves civil time only, as an operator or NTP does.
  void SetWall(WallTime to);

 private:
  std::atomic<std::int64_t> now_ns_;
  std::atomic<std::int64_t> wall_ns_;
};

}  // namespace switchyard
