// Times and durations between the wire and <chrono>.
//
// Ranges: a protobuf Timestamp or Duration may lie far outside what 64-bit nanoseconds hold (292 years); such a value becomes the nearest
// that fits. Negative and odd nanos are taken as they are.
// Thread-safety: pure functions.
#pragma once

#include <algorithm>
#include <cstdint>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "common/base/clock.h"

namespace switchyard::rpc {

inline constexpr std::int64_t kMostSeconds = 9'000'000'000;

inline Duration ToDuration(const google::protobuf::Duration& d) {
  return std::chrono::seconds(std::clamp(d.seconds(), -kMostSeconds, kMostSeconds)) + std::chrono::nanoseconds(d.nanos());
}

inline WallTime ToWallTime(const google::protobuf::Timestamp& t) {
  return WallTime(std::chrono::seconds(std::clamp(t.seconds(), -kMostSeconds, kMostSeconds)) + std::chrono::nanoseconds(t.nanos()));
}

inline google::protobuf::Duration ToProto(Duration d) {
  google::protobuf::Duration out;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((d - seconds).count()));
  return out;
}

inline google::protobuf::Timestamp ToProto(WallTime t) {
  google::protobuf::Timestamp out;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((t.time_since_epoch() - seconds).count()));
  return out;
}

}  // namespace switchyard::rpc
