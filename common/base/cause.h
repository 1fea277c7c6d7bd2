// Cause: why Switchyard answered a request itself or cut it short. One closed vocabulary for header, log, counter and report.
//
// Mirrors `switchyard.v1.Cause` (proto/switchyard/v1/outcome.proto) number by number, so that the data path needs no protobuf header;
// tests/unit/common/cause_test.cc holds the two against each other.
// Thread-safety: constants. Cost: a table look-up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace switchyard {

enum class Cause : std::uint16_t {
  kNone = 0,
  kBadRequest = 100,
  kHeadTooLarge = 101,
  kTargetTooLong = 102,
  kBodyTooLarge = 103,
  kHeadTimeout = 104,
  kBodyTimeout = 105,
  kClientGone = 106,
  kVersionNotSupported = 107,
  kExpectationFailed = 108,
  kBadRequestBody = 109,
  kNotImplemented = 110,
  kHttp2Error = 111,
  kResetFlood = 112,
  kContinuationFlood = 113,
  kControlFlood = 114,
  kStreamLimit = 115,
  kClientStalled = 116,
  kDeadlineExceeded = 117,
  kStreamError = 118,
  kTlsHandshakeFailed = 120,
  kTlsHandshakeTimeout = 121,
  kTlsVersionNotShared = 122,
  kTlsNothingShared = 123,
  kTlsUnknownServerName = 124,
  kTlsClientCertificateMissing = 125,
  kTlsClientCertificateRefused = 126,
  kTlsPlainHttp = 127,
  kTlsRefusedByClient = 128,
  kTlsTooManyHandshakes = 129,
  kBadProxyHeader = 130,
  kProxyHeaderTimeout = 131,
  kProxyNotTrusted = 132,
  kBadClientHello = 133,
  kClientHelloTimeout = 134,
  kTunnelExpired = 135,
  kNoRoute = 200,
  kNoBackend = 201,
  kPoolExhausted = 202,
  kTooManyConnections = 203,
  kDraining = 204,
  kQuarantined = 205,
  kLoopDetected = 206,
  kDenied = 210,
  kRateLimited = 211,
  kRequestDeadline = 212,
  kStreamDeadline = 213,
  kBreakerOpen = 220,
  kUpstreamLimit = 221,
  kConnectFailed = 300,
  kConnectTimeout = 301,
  kUpstreamClosed = 302,
  kResponseTimeout = 303,
  kBadResponse = 304,
  kTruncatedResponse = 305,
  kIdleTimeout = 306,
  kUpstreamTlsFailed = 307,
  kUpstreamTlsUntrusted = 308,
  kUpstreamTlsWrongName = 309,
  kAttemptTimeout = 320,
  kUpstreamRefused = 340,
  kUpstreamReset = 341,
};

enum class Side : std::uint8_t { kNone, kClient, kSwitchyard, kBackend };

struct CauseInfo {
  Cause cause;
  // The word in headers, logs and metric labels.
  std::string_view name;
  Side side;
  // Status of the self-made response; 0: none is sent, the connection is cut.
  std::uint16_t status;
};

// In order of number. A new cause is one more row, and the same number in outcome.proto.
inline constexpr CauseInfo kCauses[] = {
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
    {Cause::kHttp2Error, "http2_error", Side::kClient, 0},
    {Cause::kResetFlood, "reset_flood", Side::kClient, 0},
    {Cause::kContinuationFlood, "continuation_flood", Side::kClient, 0},
    {Cause::kControlFlood, "control_flood", Side::kClient, 0},
    {Cause::kStreamLimit, "stream_limit", Side::kClient, 0},
    {Cause::kClientStalled, "client_stalled", Side::kClient, 0},
    {Cause::kDeadlineExceeded, "deadline_exceeded", Side::kClient, 408},
    {Cause::kStreamError, "stream_error", Side::kClient, 0},
    {Cause::kTlsHandshakeFailed, "tls_handshake_failed", Side::kClient, 0},
    {Cause::kTlsHandshakeTimeout, "tls_handshake_timeout", Side::kClient, 0},
    {Cause::kTlsVersionNotShared, "tls_version_not_shared", Side::kClient, 0},
    {Cause::kTlsNothingShared, "tls_nothing_shared", Side::kClient, 0},
    {Cause::kTlsUnknownServerName, "tls_unknown_server_name", Side::kClient, 0},
    {Cause::kTlsClientCertificateMissing, "tls_client_certificate_missing", Side::kClient, 0},
    {Cause::kTlsClientCertificateRefused, "tls_client_certificate_refused", Side::kClient, 0},
    {Cause::kTlsPlainHttp, "tls_plain_http", Side::kClient, 400},
    {Cause::kTlsRefusedByClient, "tls_refused_by_client", Side::kClient, 0},
    {Cause::kTlsTooManyHandshakes, "tls_too_many_handshakes", Side::kClient, 0},
    {Cause::kBadProxyHeader, "bad_proxy_header", Side::kClient, 0},
    {Cause::kProxyHeaderTimeout, "proxy_header_timeout", Side::kClient, 0},
    {Cause::kProxyNotTrusted, "proxy_not_trusted", Side::kClient, 0},
    {Cause::kBadClientHello, "bad_client_hello", Side::kClient, 0},
    {Cause::kClientHelloTimeout, "client_hello_timeout", Side::kClient, 0},
    {Cause::kTunnelExpired, "tunnel_expired", Side::kClient, 0},
    {Cause::kNoRoute, "no_route", Side::kSwitchyard, 404},
    {Cause::kNoBackend, "no_backend", Side::kSwitchyard, 503},
    {Cause::kPoolExhausted, "pool_exhausted", Side::kSwitchyard, 503},
    {Cause::kTooManyConnections, "too_many_connections", Side::kSwitchyard, 503},
    {Cause::kDraining, "draining", Side::kSwitchyard, 503},
    {Cause::kQuarantined, "quarantined", Side::kSwitchyard, 503},
    {Cause::kLoopDetected, "loop_detected", Side::kSwitchyard, 508},
    {Cause::kDenied, "denied", Side::kSwitchyard, 403},
    {Cause::kRateLimited, "rate_limited", Side::kSwitchyard, 429},
    {Cause::kRequestDeadline, "request_deadline", Side::kSwitchyard, 504},
    {Cause::kStreamDeadline, "stream_deadline", Side::kSwitchyard, 0},
    {Cause::kBreakerOpen, "breaker_open", Side::kSwitchyard, 503},
    {Cause::kUpstreamLimit, "upstream_limit", Side::kSwitchyard, 503},
    {Cause::kConnectFailed, "connect_failed", Side::kBackend, 502},
    {Cause::kConnectTimeout, "connect_timeout", Side::kBackend, 504},
    {Cause::kUpstreamClosed, "upstream_closed", Side::kBackend, 502},
    {Cause::kResponseTimeout, "response_timeout", Side::kBackend, 504},
    {Cause::kBadResponse, "bad_response", Side::kBackend, 502},
    {Cause::kTruncatedResponse, "truncated_response", Side::kBackend, 0},
    {Cause::kIdleTimeout, "idle_timeout", Side::kBackend, 0},
    {Cause::kUpstreamTlsFailed, "upstream_tls_failed", Side::kBackend, 502},
    {Cause::kUpstreamTlsUntrusted, "upstream_tls_untrusted", Side::kBackend, 502},
    {Cause::kUpstreamTlsWrongName, "upstream_tls_wrong_name", Side::kBackend, 502},
    {Cause::kAttemptTimeout, "attempt_timeout", Side::kBackend, 504},
    {Cause::kUpstreamRefused, "upstream_refused", Side::kBackend, 502},
    {Cause::kUpstreamReset, "upstream_reset", Side::kBackend, 502},
};
inline constexpr std::size_t kCauseCount = std::size(kCauses);

// All causes in order of number; index = CauseIndex(cause).
std::span<const CauseInfo, kCauseCount> AllCauses();
// Dense index for arrays of counters, 0..kCauseCount-1.
std::size_t CauseIndex(Cause cause);
const CauseInfo& Describe(Cause cause);

}  // namespace switchyard
