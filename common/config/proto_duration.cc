#include "common/config/proto_duration.h"

#include <algorithm>
#include <cstdint>

namespace switchyard::config {

Duration FromProto(const google::protobuf::Duration& value) {
  constexpr std::int64_t kMostSeconds = std::chrono::duration_cast<std::chrono::seconds>(kLongestDuration).count();
  if (value.seconds() >= kMostSeconds) return kLongestDuration;
  if (value.seconds() <= -kMostSeconds) return -kLongestDuration;
  return std::clamp(std::chrono::seconds(value.seconds()) + Duration(value.nanos()), -kLongestDuration, kLongestDuration);
}

google::protobuf::Duration ToProto(Duration value) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  google::protobuf::Duration out;
  out.set_seconds(value.count() / kNsPerSecond);
  out.set_nanos(static_cast<std::int32_t>(value.count() % kNsPerSecond));
  return out;
}

}  // namespace switchyard::config
