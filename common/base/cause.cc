#include "common/base/cause.h"

namespace switchyard {
namespace {

constexpr std::array<CauseInfo, kCauseCount> kCauses = {{
    {Cause::kNone, "none", Side::kNone, 0},
    {Cause::kBadRequest, "bad_request", Side::kClient, 400},
    {Cause::kHeadTooLarge, "head_too_large", Side::kClient, 431},
    {Cause::kTargetTooLong, "target_too_long", Side::kClient, 414},
    {Cause::kBodyTooLarge, "body_too_large", Side::kClient, 413},
    {Cause::kHeadTimeout, "head_timeout", Side::kClient, 408},
    {Cause::kBodyTimeout, "body_timeout", Side::kClient, 408},
    {Cause::kClientGone, "client_gone", Side::kClient, 0},
    {Cause::kVersionNotSupported, "version_not_supported", Side::kClient, 505},
    {Cause::kExpectationFailed, "expectation_failed", Side::kClient, 417},
    {Cause::kBadRequestBody, "bad_request_body", Side::kClient, 400},
    {Cause::kNotImplemented, "not_implemented", Side::kClient, 501},
    {Cause::kNoRoute, "no_route", Side::kSwitchyard, 404},
    {Cause::kNoBackend, "no_backend", Side::kSwitchyard, 503},
    {Cause::kPoolExhausted, "pool_exhausted", Side::kSwitchyard, 503},
    {Cause::kTooManyConnections, "too_many_connections", Side::kSwitchyard, 503},
    {Cause::kDraining, "draining", Side::kSwitchyard, 503},
    {Cause::kQuarantined, "quarantined", Side::kSwitchyard, 503},
    {Cause::kLoopDetected, "loop_detected", Side::kSwitchyard, 508},
    {Cause::kConnectFailed, "connect_failed", Side::kBackend, 502},
    {Cause::kConnectTimeout, "connect_timeout", Side::kBackend, 504},
    {Cause::kUpstreamClosed, "upstream_closed", Side::kBackend, 502},
    {Cause::kResponseTimeout, "response_timeout", Side::kBackend, 504},
    {Cause::kBadResponse, "bad_response", Side::kBackend, 502},
    {Cause::kTruncatedResponse, "truncated_response", Side::kBackend, 0},
    {Cause::kIdleTimeout, "idle_timeout", Side::kBackend, 0},
}};

constexpr std::size_t kClientFirst = 1;   // index of number 100
constexpr std::size_t kOwnFirst = 12;     // index of number 200
constexpr std::size_t kBackendFirst = 19;  // index of number 300

}  // namespace

const std::array<CauseInfo, kCauseCount>& AllCauses() { return kCauses; }

std::size_t CauseIndex(Cause cause) {
  const auto number = static_cast<std::size_t>(cause);
  if (number >= 300) return kBackendFirst + number - 300;
  if (number >= 200) return kOwnFirst + number - 200;
  if (number >= 100) return kClientFirst + number - 100;
  return 0;
}

const CauseInfo& Describe(Cause cause) { return kCauses[CauseIndex(cause)]; }

}  // namespace switchyard
