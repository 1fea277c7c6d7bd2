#include "agent/breaker/outlier.h"

#include <algorithm>
#include <array>

namespace switchyard::agent::breaker {
namespace {
constexpr std::uint32_t kMostDoublings = 8;
constexpr Duration kReturn = std::chrono::seconds(10);
constexpr double kLeastShare = 0.1;
}  // namespace

std::string_view NameOf(EjectReason reason) {
  constexpr std::array<std::string_view, 5> kNames = {"", "failures_in_a_row", "gateway_failures", "local_failures", "failure_share"};
  return kNames[static_cast<std::size_t>(reason)];
}

void Outlier::Restart() {
  failures_ = gateway_failures_ = local_failures_ = 0;
  window_.Clear();
}

EjectReason Outlier::Ended(const OutlierPolicy& policy, Outcome outcome, double peers_error, TimePoint now) {
  if (!policy.on || ejected_ || outcome == Outcome::kAbandoned) return EjectReason::kNone;
  const bool failed = IsFailure(outcome);
  failures_ = failed ? failures_ + 1 : 0;
  gateway_failures_ = outcome == Outcome::kGatewayError || IsLocal(outcome) ? gateway_failures_ + 1 : 0;
  local_failures_ = IsLocal(outcome) ? local_failures_ + 1 : 0;
  window_.Add(now, policy.interval, failed, false);
  if (!failed) return EjectReason::kNone;
  last_failure_ = now;
  if (policy.failures > 0 && failures_ >= policy.failures) return EjectReason::kFailures;
  if (policy.gateway_failures > 0 && gateway_failures_ >= policy.gateway_failures) return EjectReason::kGatewayFailures;
  if (policy.local_failures > 0 && local_failures_ >= policy.local_failures) return EjectReason::kLocalFailures;
  const RateWindow::Counts counts = window_.Sum(now, policy.interval);
  if (policy.failure_share <= 0 || counts.total < policy.minimum_requests) return EjectReason::kNone;
  const double share = static_cast<double>(counts.failed) / counts.total;
  return share >= policy.failure_share && share > 2 * peers_error ? EjectReason::kFailureShare : EjectReason::kNone;
}

void Outlier::Eject(const OutlierPolicy& policy, EjectReason reason, TimePoint now, Random& random) {
  ejected_ = true;
  reason_ = reason;
  ++ejections_;
  const Duration time = std::min(policy.base * (1 << backoff_), policy.longest);
  until_ = now + Duration(static_cast<Duration::rep>(static_cast<double>(time.count()) * (0.9 + 0.2 * random.Unit())));
  backoff_ = std::min(backoff_ + 1, kMostDoublings);
  Restart();
}

void Outlier::Tick(const OutlierPolicy& policy, TimePoint now) {
  if (ejected_ && (now >= until_ || !policy.on)) {
    ejected_ = false;
    reason_ = EjectReason::kNone;
    returned_ = last_failure_ = now;
  }
  if (!ejected_ && backoff_ > 0 && now - last_failure_ >= policy.interval) {
    --backoff_;
    last_failure_ = now;
  }
}

float Outlier::Share(TimePoint now) const {
  if (ejections_ == 0 || ejected_) return 1;
  const double done = std::chrono::duration<double>(now - returned_) / std::chrono::duration<double>(kReturn);
  return static_cast<float>(std::clamp(done, kLeastShare, 1.0));
}

}  // namespace switchyard::agent::breaker
