// Outcome: how one attempt ended, as breakers, outlier detection and balancers see it.
//
// Thread-safety: values.
#pragma once

#include <cstdint>

#include "common/base/cause.h"
#include "common/base/clock.h"

namespace switchyard::agent::breaker {

enum class Outcome : std::uint8_t {
  kSuccess,       // a response with a status below 500
  kServerError,   // 500, 501 and above 504
  kGatewayError,  // 502, 503, 504: what a proxy on the way says when its backend is the problem
  kConnectFailed,  // refused, reset or silent before it was up
  kReset,         // cut, or not a response
  kTimeout,       // no response in time
  kAbandoned,     // our client left, or we gave up for a reason of our own: says nothing about the backend
};

struct AttemptResult {
  Outcome outcome = Outcome::kAbandoned;
  Duration latency{};  // sent to response head, or to the failure; zero when nothing was sent
};

constexpr bool IsFailure(Outcome outcome) { return outcome != Outcome::kSuccess && outcome != Outcome::kAbandoned; }
// Attempts that never got an answer; the path may be at fault as well as the backend.
constexpr bool IsLocal(Outcome outcome) {
  return outcome == Outcome::kConnectFailed || outcome == Outcome::kReset || outcome == Outcome::kTimeout;
}
// Answers, and answers that did not come: what was asked for may be at fault as well as who was asked. See route_breakers.h.
constexpr bool ConcernsRoute(Outcome outcome) {
  return outcome == Outcome::kSuccess || outcome == Outcome::kServerError || outcome == Outcome::kGatewayError || outcome == Outcome::kTimeout;
}
// How many failures it counts as: a refused connection says more than one bad answer.
constexpr int SeverityOf(Outcome outcome) { return outcome == Outcome::kConnectFailed ? 3 : 1; }

Outcome OutcomeOf(std::uint16_t status);
// Of an attempt that ended with this cause.
Outcome OutcomeOf(Cause cause);

}  // namespace switchyard::agent::breaker
