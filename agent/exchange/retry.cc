#include "agent/exchange/retry.h"

#include <algorithm>

#include "agent/exchange/redispatch.h"

namespace switchyard::agent::exchange {
namespace {

using upstream::RetryPolicy;

bool MeetsCondition(const RetryPolicy& policy, const FailedAttempt& failed) {
  switch (failed.cause) {
    case Cause::kNone:
      if (failed.status >= 502 && failed.status <= 504 && policy.Has(RetryPolicy::kGatewayError)) return true;
      return failed.status >= 500 && policy.Has(RetryPolicy::kServerError);
    case Cause::kConnectFailed:
    case Cause::kConnectTimeout:
    case Cause::kUpstreamTlsFailed:
    case Cause::kUpstreamTlsUntrusted:
    case Cause::kUpstreamTlsWrongName:
      return policy.Has(RetryPolicy::kConnectFailure);
    case Cause::kUpstreamRefused:
      return policy.Has(RetryPolicy::kRefusedStream);
    case Cause::kUpstreamClosed:
    case Cause::kUpstreamReset:
    case Cause::kBadResponse:
      return policy.Has(RetryPolicy::kReset);
    case Cause::kAttemptTimeout:
      return policy.Has(RetryPolicy::kAttemptTimeout);
    default:
      return false;
  }
}

// Not to the application: the connection never came up, or the backend says that it has not looked at the request.
bool NothingWasDone(Cause cause) {
  switch (cause) {
    case Cause::kConnectFailed:
    case Cause::kConnectTimeout:
    case Cause::kUpstreamTlsFailed:
    case Cause::kUpstreamTlsUntrusted:
    case Cause::kUpstreamTlsWrongName:
    case Cause::kUpstreamRefused:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool PolicyAllows(const RetryPolicy& policy, const FailedAttempt& failed) {
  if (failed.attempts >= policy.max_attempts || failed.response_started || failed.body_touched) return false;
  if (failed.sent && !NothingWasDone(failed.cause) && !policy.non_idempotent && !IsIdempotent(failed.method)) return false;
  return MeetsCondition(policy, failed);
}

Duration BackoffOf(const RetryPolicy& policy, unsigned retry, Random& random) {
  const Duration most = std::min(policy.base_backoff * (1 << std::min(retry - 1, 16U)), policy.max_backoff);
  return Duration(static_cast<Duration::rep>(static_cast<double>(most.count()) * random.Unit()));
}

}  // namespace switchyard::agent::exchange
