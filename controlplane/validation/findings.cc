#include "controlplane/validation/findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/duration.h"
#include "common/config/field_words.h"
#include "common/config/proto_duration.h"

namespace switchyard::controlplane::validation {
namespace {

constexpr std::size_t kMostQuoted = 80;

bool IsWellFormed(const google::protobuf::Duration& value) {
  constexpr std::int32_t kNsPerSecond = 1'000'000'000;
  if (value.nanos() <= -kNsPerSecond || value.nanos() >= kNsPerSecond) return false;
  return !(value.seconds() > 0 && value.nanos() < 0) && !(value.seconds() < 0 && value.nanos() > 0);
}

// FormatDuration is for what may be written, which is never negative.
std::string Signed(Duration value) { return value < Duration::zero() ? "-" + FormatDuration(-value) : FormatDuration(value); }

}  // namespace

std::string At(Text parent, Text field) { return fmt::format("{}.{}", parent, field); }
std::string At(Text parent, int index) { return fmt::format("{}[{}]", parent, index); }

std::string Quoted(Text text) {
  std::string out(text.substr(0, kMostQuoted));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return fmt::format("\"{}{}\"", out, text.size() > kMostQuoted ? "..." : "");
}

int CheckSize(Text parent, Text field, int size, std::size_t max, Findings& out) {
  const auto count = static_cast<std::size_t>(size);
  if (count <= max) return size;
  out.Add(At(parent, field), fmt::format("has {} entries; at most {} allowed", count, max));
  return static_cast<int>(max);
}

void CheckCount(Text parent, Text field, std::uint32_t value, const config::CountBound& bound, Findings& out) {
  if (value == 0 || (value >= bound.min && value <= bound.max)) return;
  out.Add(At(parent, field),
          fmt::format("is {}; expected {} to {} (leave it out for the default, {})", value, bound.min, bound.max, bound.fallback));
}

void CheckOptional(Text parent, Text field, bool present, std::uint32_t value, const config::CountBound& bound, Findings& out) {
  if (!present || (value >= bound.min && value <= bound.max)) return;
  out.Add(At(parent, field),
          fmt::format("is {}; expected {} to {} (leave it out for the default, {})", value, bound.min, bound.max, bound.fallback));
}

void CheckLimit(Text parent, Text field, bool present, const google::protobuf::Duration& value, const config::TimeBound& bound,
                Findings& out) {
  if (!present) return;
  const Duration found = IsWellFormed(value) ? config::FromProto(value) : Duration(-1);
  if (found >= bound.min && found <= bound.max) return;
  out.Add(At(parent, field), fmt::format("is {}; expected {} to {} (leave it out for no limit)",
                                         IsWellFormed(value) ? Signed(found) : std::string("no duration"), FormatDuration(bound.min),
                                         FormatDuration(bound.max)));
}

void CheckTime(Text parent, Text field, bool present, const google::protobuf::Duration& value, const config::TimeBound& bound,
               Findings& out) {
  if (!present) return;
  if (!IsWellFormed(value)) {
    return out.Add(
        At(parent, field),
        fmt::format("has seconds {} and nanos {}, which is no duration; expected nanos below one second, with the sign of seconds",
                    value.seconds(), value.nanos()));
  }
  const Duration found = config::FromProto(value);
  if (found >= bound.min && found <= bound.max) return;
  out.Add(At(parent, field), fmt::format("is {}; expected {} to {} (leave it out for the default, {})", Signed(found),
                                         FormatDuration(bound.min), FormatDuration(bound.max), FormatDuration(bound.fallback)));
}

void CheckEnum(Text parent, Text field, int value, const google::protobuf::EnumDescriptor* words, Findings& out) {
  if (words->FindValueByNumber(value) != nullptr) return;
  out.Add(At(parent, field),
          fmt::format("is {}, which this version does not know; expected one of {}", value, config::EnumChoices(*words)));
}

}  // namespace switchyard::controlplane::validation
