// Goal: points become fewer without losing spikes, and the coarser tiers are chosen when asked far back. Method: tables by hand.
#include "controlplane/history/point.h"

#include <gtest/gtest.h>

#include "controlplane/history/row_codec.h"

namespace switchyard::controlplane::history {
namespace {
using std::chrono::hours;
using std::chrono::minutes;

TEST(Tiers, TheFinestThatReachesBackFarEnoughIsTaken) {
  EXPECT_EQ(TierFor(minutes(10)), Tier::kSecond);
  EXPECT_EQ(TierFor(minutes(11)), Tier::kTenSeconds);
  EXPECT_EQ(TierFor(hours(6)), Tier::kTenSeconds);
  EXPECT_EQ(TierFor(hours(7)), Tier::kMinute);
  EXPECT_EQ(TierFor(hours(24 * 30)), Tier::kMinute);
}

std::vector<TimedPoint> Line(std::int64_t first, std::size_t count) {
  std::vector<TimedPoint> points;
  for (std::size_t i = 0; i < count; ++i) {
    Point point;
    point.rate = 10;
    point.p99_ms = 5;
    points.push_back({first + static_cast<std::int64_t>(i), point});
  }
  return points;
}

TEST(Fold, LeavesWhatFitsAlone) {
  std::int64_t step = 1;
  EXPECT_EQ(Fold(Line(1000, 50), 50, step).size(), 50u);
  EXPECT_EQ(step, 1);
}

TEST(Fold, KeepsRatesAsMeansAndSpikesAsMaxima) {
  auto points = Line(1001, 600);
  points[300].point.p99_ms = 900;
  points[301].point.rate = 70;
  std::int64_t step = 1;
  const auto folded = Fold(points, 60, step);
  EXPECT_LE(folded.size(), 60u);
  EXPECT_GE(step, 10);
  double sum = 0, slowest = 0;
  for (const TimedPoint& point : folded) {
    EXPECT_EQ(point.time % step, 0) << "intervals are aligned, so that they do not move as time goes on";
    sum += point.point.rate;
    slowest = std::max(slowest, point.point.p99_ms);
  }
  EXPECT_EQ(slowest, 900);
  EXPECT_NEAR(sum / static_cast<double>(folded.size()), 10.1, 0.3);
}

TEST(Fold, NeverGivesMoreThanAskedWhereverTheFirstPointLies) {
  for (std::int64_t first = 1000; first < 1040; ++first) {
    for (const std::size_t most : {10u, 17u, 60u}) {
      std::int64_t step = 1;
      EXPECT_LE(Fold(Line(first, 600), most, step).size(), most) << first << " " << most;
    }
  }
}

TEST(Fold, DoesNotFillGaps) {
  auto points = Line(1000, 100);
  points.erase(points.begin() + 20, points.begin() + 80);
  std::int64_t step = 1;
  const auto folded = Fold(points, 20, step);
  for (const TimedPoint& point : folded) EXPECT_EQ(point.point.rate, 10) << "a second without a point is not a second without traffic";
  EXPECT_LT(folded.size(), 12u);
}

Row Sample() {
  return {{"", {1234.56, 0.01, 1.234, 99.9, 7, 3, 1, 1e9, 100}}, {"10.0.0.1:80", {0, 0, 0, 0, 0, 0, 0, 0, 40}}, {"b", {}}};
}

TEST(RowCodec, ReadsWhatItWrote) {
  Row row;
  ASSERT_TRUE(DecodeRow(EncodeRow(Sample()), row));
  ASSERT_EQ(row.size(), 3u);
  EXPECT_EQ(row[1].first, "10.0.0.1:80");
  EXPECT_EQ(row[1].second.weight, 40u);
  EXPECT_DOUBLE_EQ(row[0].second.rate, 1234.56);
  EXPECT_DOUBLE_EQ(row[0].second.p50_ms, 1.234);
  EXPECT_EQ(row[0].second.unhealthy, 1u);
}

TEST(RowCodec, RefusesEveryCutAndAnotherVersion) {
  const std::string whole = EncodeRow(Sample());
  Row row;
  std::size_t read = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) read += DecodeRow(whole.substr(0, size), row) ? 1 : 0;
  // A cut between two series is a whole, shorter row: before the first, after it, after the second.
  EXPECT_EQ(read, 3u);
  EXPECT_FALSE(DecodeRow("\x02" + whole.substr(1), row));
  EXPECT_FALSE(DecodeRow(std::string(1, 1) + std::string(20, '\xff'), row));
}

TEST(RowCodec, TakesWhatIsNoNumberForZero) {
  Row row;
  ASSERT_TRUE(DecodeRow(EncodeRow({{"x", {-1.0, std::numeric_limits<double>::quiet_NaN(), 0, std::numeric_limits<double>::infinity()}}}), row));
  EXPECT_EQ(row[0].second.rate, 0);
  EXPECT_EQ(row[0].second.errors, 0);
  EXPECT_GT(row[0].second.p99_ms, 1e9);
}

}  // namespace
}  // namespace switchyard::controlplane::history
