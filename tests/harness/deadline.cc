#include "tests/harness/deadline.h"

#include <poll.h>

#include <algorithm>

namespace switchyard::harness {
namespace {

const SystemClock kClock;

}  // namespace

Deadline::Deadline(Duration within) : end_(kClock.Now() + within) {}

bool Deadline::over() const { return kClock.Now() >= end_; }

int Deadline::poll_timeout() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - kClock.Now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 3'600'000));
}

bool Eventually(const std::function<bool()>& condition, Duration within) {
  const Deadline deadline(within);
  for (;;) {
    if (condition()) return true;
    if (deadline.over()) return false;
    ::poll(nullptr, 0, 2);
  }
}

}  // namespace switchyard::harness
