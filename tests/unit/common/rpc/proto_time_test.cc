// Goal: times survive the wire, and no value from outside overflows. Method: round trips and extremes.
#include "common/rpc/proto_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace switchyard::rpc {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ProtoTime, DurationsSurviveTheWire) {
  for (const Duration d : {Duration(0), Duration(1), Duration(milliseconds(1500)), Duration(-milliseconds(1500)), Duration(std::chrono::hours(24))}) {
    EXPECT_EQ(ToDuration(ToProto(d)), d);
  }
}

TEST(ProtoTime, TimesSurviveTheWireWithNanosNeverNegative) {
  for (const WallTime t : {WallTime(seconds(1'700'000'000) + milliseconds(250)), WallTime(-milliseconds(250)), WallTime()}) {
    const auto wire = ToProto(t);
    EXPECT_GE(wire.nanos(), 0);
    EXPECT_EQ(ToWallTime(wire), t);
  }
}

TEST(ProtoTime, ExtremesBecomeTheNearestThatFits) {
  google::protobuf::Duration d;
  d.set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_GT(ToDuration(d), std::chrono::hours(24 * 365 * 200));
  d.set_seconds(std::numeric_limits<std::int64_t>::min());
  EXPECT_LT(ToDuration(d), -std::chrono::hours(24 * 365 * 200));
  google::protobuf::Timestamp t;
  t.set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_GT(ToWallTime(t).time_since_epoch(), std::chrono::hours(24 * 365 * 200));
}

}  // namespace
}  // namespace switchyard::rpc
