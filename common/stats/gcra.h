// Gcra: the generic cell rate algorithm: a rate with room for bursts, in one number per limited thing.
//
// The number is the theoretical arrival time: when the next request would be due if all came at the exact rate. A request may come early
// by at most the tolerance, (burst - 1) intervals. Source: ITU-T I.371 annex A (virtual scheduling).
// Thread-safety: pure. Units: nanoseconds on any monotonic axis. Cost: an addition and two comparisons.
#pragma once

#include <algorithm>
#include <cstdint>

namespace switchyard::stats {

struct Gcra {
  std::int64_t interval = 0;   // between two requests at the exact rate
  std::int64_t tolerance = 0;  // (burst - 1) * interval

  // REQUIRES: requests >= 1, burst >= 1, per >= requests nanoseconds or the interval is rounded up to one.
  static Gcra Of(std::uint64_t requests, std::int64_t per, std::uint64_t burst) {
    const std::int64_t interval = std::max<std::int64_t>(1, per / static_cast<std::int64_t>(std::max<std::uint64_t>(requests, 1)));
    // At most a day times a million fits an int64 only below this; a longer debt makes no difference to anyone.
    constexpr std::int64_t kMost = std::int64_t{1} << 60;
    const auto steps = static_cast<std::int64_t>(std::max<std::uint64_t>(burst, 1) - 1);
    return {interval, steps > kMost / interval ? kMost : steps * interval};
  }

  struct Decision {
    bool admitted = false;
    std::int64_t next = 0;  // the number to keep when admitted
    std::int64_t wait = 0;  // until a request would be admitted, when not
  };
  // `due`: the number kept so far; anything in the past, such as 0, is a thing that owes nothing.
  Decision Decide(std::int64_t due, std::int64_t now) const {
    const std::int64_t from = std::max(due, now);
    if (from - now > tolerance) return {false, due, from - now - tolerance};
    return {true, from + interval, 0};
  }
};

}  // namespace switchyard::stats
