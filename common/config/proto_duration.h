// Protobuf durations as `switchyard::Duration`, and back.
//
// Thread-safety: pure functions. Bounds: a value beyond +-100 years becomes +-100 years, so that arithmetic on the result cannot overflow.
#pragma once

#include <google/protobuf/duration.pb.h>

#include "common/base/clock.h"

namespace switchyard::config {

inline constexpr Duration kLongestDuration = std::chrono::hours(24 * 365 * 100);

Duration FromProto(const google::protobuf::Duration& value);
google::protobuf::Duration ToProto(Duration value);

}  // namespace switchyard::config
