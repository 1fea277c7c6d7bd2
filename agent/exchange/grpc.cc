#include "agent/exchange/grpc.h"

#include <algorithm>
#include <charconv>

namespace switchyard::agent::exchange {
namespace {

constexpr std::string_view kContentType = "application/grpc";
constexpr std::size_t kMaxDigits = 8;
constexpr std::int64_t kMaxNumber = 99'999'999;
// Longer than any deadline that means something; keeps the sum of times far from overflow.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

// Codes of the gRPC specification.
constexpr std::string_view kInvalidArgument = "3";
constexpr std::string_view kDeadlineExceeded = "4";
constexpr std::string_view kResourceExhausted = "8";
constexpr std::string_view kUnimplemented = "12";
constexpr std::string_view kInternal = "13";
constexpr std::string_view kUnavailable = "14";

std::optional<Duration> UnitOf(char unit) {
  switch (unit) {
    case 'H':
      return std::chrono::hours(1);
    case 'M':
      return std::chrono::minutes(1);
    case 'S':
      return std::chrono::seconds(1);
    case 'm':
      return std::chrono::milliseconds(1);
    case 'u':
      return std::chrono::microseconds(1);
    case 'n':
      return std::chrono::nanoseconds(1);
    default:
      return std::nullopt;
  }
}

}  // namespace

bool IsGrpc(const codec::RequestHead& head) {
  if (head.major_version != 2) return false;
  const std::string_view type = codec::Find(head.headers, codec::FieldId::kContentType);
  if (type.size() < kContentType.size() || !codec::EqualsIgnoreCase(type.substr(0, kContentType.size()), kContentType)) return false;
  return type.size() == kContentType.size() || type[kContentType.size()] == '+' || type[kContentType.size()] == ';';
}

std::optional<Duration> GrpcTimeout(const codec::RequestHead& head) {
  const std::string_view text = codec::Find(head.headers, codec::FieldId::kGrpcTimeout);
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return std::nullopt;
  const std::optional<Duration> unit = UnitOf(text.back());
  std::int64_t number = 0;
  const char* end = text.data() + text.size() - 1;
  if (!unit || text.front() == '-' || std::from_chars(text.data(), end, number).ptr != end) return std::nullopt;
  return number > kLongest / *unit ? kLongest : *unit * number;
}

std::string FormatGrpcTimeout(Duration left) {
  struct Step {
    Duration unit;
    char letter;
  };
  constexpr Step kSteps[] = {{std::chrono::nanoseconds(1), 'n'},
                             {std::chrono::microseconds(1), 'u'},
                             {std::chrono::milliseconds(1), 'm'},
                             {std::chrono::seconds(1), 'S'}};
  left = std::max(left, Duration::zero());
  for (const Step& step : kSteps) {
    if (left / step.unit <= kMaxNumber) return std::to_string(left / step.unit) + step.letter;
  }
  return std::to_string(kMaxNumber) + 'S';
}

std::string_view GrpcStatusOf(Cause cause) {
  switch (cause) {
    case Cause::kNoRoute:
    case Cause::kNotImplemented:
      return kUnimplemented;
    case Cause::kHeadTooLarge:
    case Cause::kTargetTooLong:
    case Cause::kBodyTooLarge:
      return kResourceExhausted;
    case Cause::kBadRequest:
    case Cause::kBadRequestBody:
    case Cause::kExpectationFailed:
      return kInvalidArgument;
    case Cause::kHeadTimeout:
    case Cause::kBodyTimeout:
    case Cause::kDeadlineExceeded:
    case Cause::kResponseTimeout:
    case Cause::kIdleTimeout:
      return kDeadlineExceeded;
    case Cause::kLoopDetected:
    case Cause::kBadResponse:
      return kInternal;
    default:
      return kUnavailable;
  }
}

breaker::Outcome OutcomeOfGrpc(std::int16_t code) {
  constexpr std::int16_t kUnknown = 2;
  constexpr std::int16_t kInternal = 13;
  constexpr std::int16_t kUnavailable = 14;
  constexpr std::int16_t kDataLoss = 15;
  if (code == kUnavailable) return breaker::Outcome::kGatewayError;
  return code == kUnknown || code == kInternal || code == kDataLoss ? breaker::Outcome::kServerError : breaker::Outcome::kSuccess;
}

std::int16_t GrpcCodeOf(std::string_view digits) {
  std::int16_t code = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  return error == std::errc() && end == digits.data() + digits.size() && code >= 0 ? code : std::int16_t{-1};
}

}  // namespace switchyard::agent::exchange
