#include "agent/exchange/redispatch.h"

namespace switchyard::agent::exchange {

bool IsIdempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" || method == "TRACE";
}

bool MayRedispatch(const AttemptFacts& facts) {
  if (facts.attempts >= kMaxAttempts || facts.response_started) return false;
  switch (facts.cause) {
    case Cause::kConnectFailed:
    case Cause::kConnectTimeout:
    case Cause::kUpstreamTlsFailed:
    case Cause::kUpstreamTlsUntrusted:
    case Cause::kUpstreamTlsWrongName:
      return true;
    case Cause::kUpstreamRefused:
      return !facts.body_touched;
    case Cause::kUpstreamReset:
    case Cause::kUpstreamClosed:
      return !facts.sent_before && !facts.body_touched && IsIdempotent(facts.method);
    default:
      return false;
  }
}

}  // namespace switchyard::agent::exchange
