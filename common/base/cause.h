// Cause: why Switchyard answered a request itself or cut it short. One closed vocabulary for header, log, counter and report.
//
// Mirrors `switchyard.v1.Cause` (proto/switchyard/v1/outcome.proto) number by number, so that the data path needs no protobuf header;
// tests/unit/common/cause_test.cc holds the two against each other.
// Thread-safety: constants. Cost: a table look-up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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
  kNoRoute = 200,
  kNoBackend = 201,
  kPoolExhausted = 202,
  kTooManyConnections = 203,
  kDraining = 204,
  kQuarantined = 205,
  kLoopDetected = 206,
  kConnectFailed = 300,
  kConnectTimeout = 301,
  kUpstreamClosed = 302,
  kResponseTimeout = 303,
  kBadResponse = 304,
  kTruncatedResponse = 305,
  kIdleTimeout = 306,
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

inline constexpr std::size_t kCauseCount = 26;

// All causes in order of number; index = CauseIndex(cause).
const std::array<CauseInfo, kCauseCount>& AllCauses();
// Dense index for arrays of counters, 0..kCauseCount-1.
std::size_t CauseIndex(Cause cause);
const CauseInfo& Describe(Cause cause);

}  // namespace switchyard
