#include "common/rpc/backoff.h"

#include <algorithm>

namespace switchyard::rpc {

Backoff::Backoff(BackoffOptions options, std::uint64_t seed)
    : options_(options), random_(seed), ceiling_(std::min(options.initial, options.max)) {}

Duration Backoff::Next() {
  const auto wait = Duration(static_cast<std::int64_t>(random_.Unit() * static_cast<double>(ceiling_.count())));
  const double grown = static_cast<double>(ceiling_.count()) * options_.multiplier;
  // Compared as doubles: the product may not fit an integer.
  ceiling_ = grown >= static_cast<double>(options_.max.count()) ? options_.max : Duration(static_cast<std::int64_t>(grown));
  return wait;
}

void Backoff::Reset() { ceiling_ = std::min(options_.initial, options_.max); }

}  // namespace switchyard::rpc
