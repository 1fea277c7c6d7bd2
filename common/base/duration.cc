#include "common/base/duration.h"

#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace switchyard {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

// Largest first, so that formatting is greedy.
constexpr std::array<Unit, 7> kUnits = {{{"d", 86'400'000'000'000},
                                         {"h", 3'600'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"s", 1'000'000'000},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};
constexpr std::int64_t kMaxNs = 100LL * 365 * 86'400'000'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::Status Bad(std::string_view text) {
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is not a duration; write a number and a unit, such as 250ms, 1.5s, 10m or 24h", text.substr(0, 64)));
}

const Unit* FindUnit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// Takes digits with at most one dot from the front of `rest`. Returns what it took.
std::string_view TakeNumber(std::string_view& rest) {
  std::size_t n = 0;
  bool dot = false;
  while (n < rest.size() && (IsDigit(rest[n]) || (rest[n] == '.' && !dot))) {
    dot = dot || rest[n] == '.';
    ++n;
  }
  const std::string_view number = rest.substr(0, n);
  rest.remove_prefix(n);
  return number;
}

__extension__ using Wide = __int128;

// `number` times the unit, rounded to a nanosecond; exact integer arithmetic. At most 18 digits, so nothing overflows.
bool ToNs(std::string_view number, std::int64_t unit_ns, Wide& out) {
  Wide value = 0;
  Wide scale = 1;
  bool after_dot = false;
  bool digits = false;
  for (const char c : number) {
    if (c == '.') {
      after_dot = true;
      continue;
    }
    digits = true;
    value = value * 10 + (c - '0');
    if (after_dot) scale *= 10;
  }
  out = (value * unit_ns + scale / 2) / scale;
  return digits && number.size() <= 18;
}

}  // namespace

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration::zero();
  std::string_view rest = text;
  Wide total = 0;
  if (rest.empty()) return Bad(text);
  while (!rest.empty()) {
    const std::string_view number = TakeNumber(rest);
    std::size_t n = 0;
    while (n < rest.size() && rest[n] >= 'a' && rest[n] <= 'z') ++n;
    const Unit* unit = FindUnit(rest.substr(0, n));
    if (number.empty() || unit == nullptr) return Bad(text);
    rest.remove_prefix(n);
    Wide part = 0;
    if (!ToNs(number, unit->ns, part)) return Bad(text);
    total += part;
    if (total > kMaxNs) return absl::InvalidArgumentError(fmt::format("\"{}\" is longer than 100 years", text.substr(0, 64)));
  }
  return Duration(static_cast<std::int64_t>(total));
}

std::string FormatDuration(Duration value) {
  if (value.count() == 0) return "0s";
  std::string out = value.count() < 0 ? "-" : "";
  // Unsigned, so that the least value has an opposite.
  auto left = static_cast<std::uint64_t>(value.count());
  if (value.count() < 0) left = 0 - left;
  for (const Unit& unit : kUnits) {
    const auto size = static_cast<std::uint64_t>(unit.ns);
    if (left >= size) out += fmt::format("{}{}", left / size, unit.name);
    left %= size;
  }
  return out;
}

std::string FormatDurationRounded(Duration value) {
  const std::int64_t ns = value.count();
  if (ns < 0) return "-" + FormatDurationRounded(-value);
  if (ns < 1'000) return fmt::format("{}ns", ns);
  if (ns < 1'000'000) return fmt::format("{:.3g}us", static_cast<double>(ns) / 1e3);
  if (ns < 1'000'000'000) return fmt::format("{:.3g}ms", static_cast<double>(ns) / 1e6);
  if (ns < 60'000'000'000) return fmt::format("{:.3g}s", static_cast<double>(ns) / 1e9);
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (ns < kUnits[i].ns) continue;
    const std::int64_t second = ns % kUnits[i].ns / kUnits[i + 1].ns;
    return second == 0 ? fmt::format("{}{}", ns / kUnits[i].ns, kUnits[i].name)
                       : fmt::format("{}{}{}{}", ns / kUnits[i].ns, kUnits[i].name, second, kUnits[i + 1].name);
  }
  return FormatDuration(value);
}

}  // namespace switchyard
