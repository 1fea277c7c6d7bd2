// Durations as people write them: `250ms`, `1.5s`, `10m`, `24h`, and combinations such as `1h30m`.
//
// Units: ns, us, ms, s, m, h, d. A bare `0` is accepted; any other bare number is not, because nobody can know its unit.
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace switchyard {

// INVALID_ARGUMENT says what was expected. Negative durations are refused. Range: up to 100 years.
absl::StatusOr<Duration> ParseDuration(std::string_view text);

// The shortest exact form that ParseDuration reads back, e.g. `1h30m`, `250ms`, `0s`.
std::string FormatDuration(Duration value);

// For people: at most two units, rounded, e.g. `3m12s`, `1.2ms`.
std::string FormatDurationRounded(Duration value);

}  // namespace switchyard
