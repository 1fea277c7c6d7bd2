// Deadline: a point in monotonic time by which something must have happened, and the waiting for it.
//
// Tests wait for conditions, never for time: `Eventually` asks again and again until the condition holds or the deadline is over, and
// the answer says which. Between two questions it rests in poll(2) for 2 ms, so a condition is seen within that of coming true.
// Thread-safety: values and pure functions. Units: Duration (ns).
#pragma once

#include <functional>

#include "common/base/clock.h"

namespace switchyard::harness {

// Generous: a slow machine that also compiles must not turn a passing test red. A passing test never waits it out.
inline constexpr Duration kPatience = std::chrono::seconds(20);

class Deadline {
 public:
  // `within` from now on.
  explicit Deadline(Duration within = kPatience);
  bool over() const;
  // For poll(2): milliseconds left, rounded up; 0 when over.
  int poll_timeout() const;

 private:
  TimePoint end_;
};

// True as soon as `condition` is; false when `within` is over first. Asks at least once.
bool Eventually(const std::function<bool()>& condition, Duration within = kPatience);

}  // namespace switchyard::harness
