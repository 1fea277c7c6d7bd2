#include "agent/balancer/slow_start.h"

#include <algorithm>
#include <cmath>

namespace switchyard::agent::balancer {
namespace {
constexpr double kRequests = 200;
constexpr double kLeast = 0.1;
constexpr int kMostWindows = 6;
}  // namespace

void SlowStart::Begin(TimePoint now) {
  began_ = now;
  requests_ = 0;
  running_ = true;
}

float SlowStart::Share(const SlowStartPolicy& policy, TimePoint now) {
  if (!running_) return 1;
  const double windows = policy.window <= Duration::zero()
                             ? kMostWindows
                             : std::max(0.0, std::chrono::duration<double>(now - began_).count()) / std::chrono::duration<double>(policy.window).count();
  const double done = std::min(windows, requests_ / kRequests);
  if (done >= 1 || windows >= kMostWindows) {
    running_ = false;
    return 1;
  }
  return static_cast<float>(std::max(kLeast, std::pow(done, 1 / std::max(policy.aggression, 0.1))));
}

}  // namespace switchyard::agent::balancer
