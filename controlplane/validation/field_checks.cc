#include "controlplane/validation/field_checks.h"

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/config/field_words.h"
#include "common/config/proto_duration.h"

namespace switchyard::controlplane::validation {
namespace {

// google/protobuf/duration.proto: nanos below a second, with the sign of the seconds.
bool IsWellFormed(const google::protobuf::Duration& value) {
  constexpr int kSecond = 1'000'000'000;
  if (value.nanos() <= -kSecond || value.nanos() >= kSecond) return false;
  return (value.seconds() <= 0 || value.nanos() >= 0) && (value.seconds() >= 0 || value.nanos() <= 0);
}

}  // namespace

void FieldChecks::Number(std::string_view field, std::uint64_t value, const config::CountBound& bound) {
  Number(field, value != 0, value, bound);
}

void FieldChecks::Number(std::string_view field, bool present, std::uint64_t value, const config::CountBound& bound) {
  if (!present || (value >= bound.min && value <= bound.max)) return;
  Fail(field, fmt::format("is {}; expected {}-{}, or nothing for the default {}", value, bound.min, bound.max, bound.fallback));
}

void FieldChecks::Time(std::string_view field, bool present, const google::protobuf::Duration& value, const config::TimeBound& bound) {
  if (!present) return;
  if (!IsWellFormed(value)) {
    return Fail(field, fmt::format("is no duration: {} s and {} ns do not go together", value.seconds(), value.nanos()));
  }
  const Duration time = config::FromProto(value);
  if (time >= bound.min && time <= bound.max) return;
  Fail(field, fmt::format("is {}; expected {}-{}, or nothing for the default {}", FormatDuration(time), FormatDuration(bound.min),
                          FormatDuration(bound.max), FormatDuration(bound.fallback)));
}

bool FieldChecks::Size(std::string_view field, std::size_t size, std::size_t most) {
  if (size <= most) return true;
  Fail(field, fmt::format("has {} elements; at most {} are allowed", size, most));
  return false;
}

void FieldChecks::Length(std::string_view field, std::string_view text, std::size_t most) {
  if (text.size() > most) Fail(field, fmt::format("has {} characters; at most {} are allowed", text.size(), most));
}

void FieldChecks::Enum(std::string_view field, int value, const google::protobuf::EnumDescriptor& type) {
  if (type.FindValueByNumber(value) != nullptr) return;
  Fail(field, fmt::format("has the unknown value {}; expected one of {}", value, config::EnumChoices(type)));
}

}  // namespace switchyard::controlplane::validation
