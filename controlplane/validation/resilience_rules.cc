#include "controlplane/validation/resilience_rules.h"

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/config/proto_duration.h"

namespace switchyard::controlplane::validation {
namespace {

void CheckBreaker(const v1::Breaker& breaker, Findings& out) {
  const Text at = "spec.breaker";
  CheckEnum(at, "mode", breaker.mode(), v1::BreakerMode_descriptor(), out);
  CheckEnum(at, "force", breaker.force(), v1::BreakerForce_descriptor(), out);
  CheckTime(at, "open_timeout", breaker.has_open_timeout(), breaker.open_timeout(), config::kBreakerOpenTimeout, out);
  CheckCount(at, "failure_threshold", breaker.failure_threshold(), config::kBreakerFailures, out);
  CheckCount(at, "success_threshold", breaker.success_threshold(), config::kBreakerSuccesses, out);
  CheckCount(at, "half_open_max_requests", breaker.half_open_max_requests(), config::kHalfOpenRequests, out);
  CheckCount(at, "error_rate_percent", breaker.error_rate_percent(), config::kErrorRatePercent, out);
  CheckCount(at, "minimum_requests", breaker.minimum_requests(), config::kMinimumRequests, out);
  CheckTime(at, "window", breaker.has_window(), breaker.window(), config::kRateWindow, out);
  CheckTime(at, "slow_call", breaker.has_slow_call(), breaker.slow_call(), config::kSlowCall, out);
  CheckCount(at, "slow_call_rate_percent", breaker.slow_call_rate_percent(), config::kSlowCallRatePercent, out);
}

void CheckOutlier(const v1::OutlierDetection& outlier, Findings& out) {
  const Text at = "spec.outlier";
  CheckOptional(at, "consecutive_failures", outlier.has_consecutive_failures(), outlier.consecutive_failures(), config::kOutlierFailures, out);
  CheckOptional(at, "consecutive_gateway_failures", outlier.has_consecutive_gateway_failures(), outlier.consecutive_gateway_failures(),
                config::kOutlierGatewayFailures, out);
  CheckOptional(at, "consecutive_local_failures", outlier.has_consecutive_local_failures(), outlier.consecutive_local_failures(),
                config::kOutlierFailures, out);
  CheckOptional(at, "failure_percent", outlier.has_failure_percent(), outlier.failure_percent(), config::kOutlierFailurePercent, out);
  CheckCount(at, "minimum_requests", outlier.minimum_requests(), config::kMinimumRequests, out);
  CheckTime(at, "interval", outlier.has_interval(), outlier.interval(), config::kRateWindow, out);
  CheckTime(at, "base_ejection", outlier.has_base_ejection(), outlier.base_ejection(), config::kBaseEjection, out);
  CheckTime(at, "max_ejection", outlier.has_max_ejection(), outlier.max_ejection(), config::kMaxEjection, out);
  CheckOptional(at, "max_ejected_percent", outlier.has_max_ejected_percent(), outlier.max_ejected_percent(), config::kMaxEjectedPercent, out);
  const Duration base = config::BaseEjection(outlier);
  if (outlier.has_max_ejection() && config::FromProto(outlier.max_ejection()) < base) {
    out.Add(At(at, "max_ejection"), fmt::format("is {}, less than base_ejection, {}; raise it or lower base_ejection",
                                                FormatDuration(config::FromProto(outlier.max_ejection())), FormatDuration(base)));
  }
}

void CheckRetry(const v1::Retry& retry, Findings& out) {
  const Text at = "spec.retry";
  CheckCount(at, "max_attempts", retry.max_attempts(), config::kRetryAttempts, out);
  const int count = CheckSize(at, "on", retry.on_size(), config::kMaxRetryConditions, out);
  for (int i = 0; i < count; ++i) {
    const std::string field = At(At(at, "on"), i);
    if (retry.on(i) == v1::RETRY_CONDITION_UNSPECIFIED) {
      out.Add(field, "names no condition; expected CONNECT_FAILURE, REFUSED_STREAM, RESET, GATEWAY_ERROR, SERVER_ERROR or ATTEMPT_TIMEOUT");
    } else if (v1::RetryCondition_descriptor()->FindValueByNumber(retry.on(i)) == nullptr) {
      out.Add(field, fmt::format("is {}, which stands for no condition", static_cast<int>(retry.on(i))));
    }
  }
  CheckOptional(at, "budget_percent", retry.has_budget_percent(), retry.budget_percent(), config::kRetryBudgetPercent, out);
  CheckOptional(at, "min_per_second", retry.has_min_per_second(), retry.min_per_second(), config::kRetryMinPerSecond, out);
  CheckTime(at, "per_try_timeout", retry.has_per_try_timeout(), retry.per_try_timeout(), config::kPerTryTimeout, out);
  CheckTime(at, "base_backoff", retry.has_base_backoff(), retry.base_backoff(), config::kRetryBaseBackoff, out);
  CheckTime(at, "max_backoff", retry.has_max_backoff(), retry.max_backoff(), config::kRetryMaxBackoff, out);
}

}  // namespace

void CheckResilience(const v1::Upstream& upstream, Findings& out) {
  if (upstream.has_breaker()) CheckBreaker(upstream.breaker(), out);
  if (upstream.has_outlier()) CheckOutlier(upstream.outlier(), out);
  if (upstream.has_retry()) CheckRetry(upstream.retry(), out);
  CheckCount("spec.limits", "max_requests", upstream.limits().max_requests(), config::kMaxUpstreamRequests, out);
  CheckOptional("spec.limits", "max_retries", upstream.limits().has_max_retries(), upstream.limits().max_retries(),
                config::kMaxUpstreamRetries, out);
}

}  // namespace switchyard::controlplane::validation
