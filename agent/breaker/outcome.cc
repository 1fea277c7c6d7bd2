#include "agent/breaker/outcome.h"

namespace switchyard::agent::breaker {

Outcome OutcomeOf(std::uint16_t status) {
  if (status < 500) return Outcome::kSuccess;
  return status >= 502 && status <= 504 ? Outcome::kGatewayError : Outcome::kServerError;
}

Outcome OutcomeOf(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return Outcome::kSuccess;
    case Cause::kConnectFailed:
    case Cause::kConnectTimeout:
      return Outcome::kConnectFailed;
    case Cause::kResponseTimeout:
    case Cause::kIdleTimeout:
      return Outcome::kTimeout;
    default:
      break;
  }
  return Describe(cause).side == Side::kBackend ? Outcome::kReset : Outcome::kAbandoned;
}

}  // namespace switchyard::agent::breaker
