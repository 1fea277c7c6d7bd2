// Goal: the sketch keeps its promises of error, merging and folding. Method: exact integer arithmetic and sorted samples beside it.
#include "common/stats/exponential_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace switchyard::stats {
namespace {

constexpr double kMaxError = 0.022;

// Whether 2^(index/16) < value, exactly: 2^index < value^16 by comparing 16 * log2 with long doubles, which is exact away from powers of two.
bool Above(int index, std::uint64_t value) {
  if (index % 16 == 0) return index / 16 < 63 && (std::uint64_t{1} << (index / 16)) < value;
  return std::log2(static_cast<long double>(value)) * 16 > static_cast<long double>(index);
}

// Log-uniform over 1 us to 2^38 us, as latencies are spread.
std::uint64_t RandomValue(Random& random) { return static_cast<std::uint64_t>(std::exp2(random.Unit() * 38)); }

TEST(ExponentialHistogram, StartsEmpty) {
  const ExponentialHistogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.Quantile(0.5), 0);
  EXPECT_EQ(empty.first(), empty.last());
  EXPECT_EQ(empty.at(3), 0U);
}

TEST(ExponentialHistogram, PutsEveryValueBetweenItsBoundaries) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t v = 2; v < 70'000; ++v) values.push_back(v);
  for (unsigned bit = 1; bit < 40; ++bit) {
    for (const std::uint64_t near : {-1, 0, 1}) values.push_back((std::uint64_t{1} << bit) + near);
  }
  for (const std::uint64_t v : values) {
    if (v < 2) continue;
    const int bucket = ExponentialHistogram::BucketOf(v);
    if (bucket == ExponentialHistogram::kBuckets - 1) continue;
    ASSERT_TRUE(Above(bucket, v)) << v << " in " << bucket;
    ASSERT_FALSE(Above(bucket + 1, v)) << v << " in " << bucket;
  }
}

TEST(ExponentialHistogram, CountsOneMicrosecondInTheFirstBucketAndHugeValuesInTheLast) {
  EXPECT_EQ(ExponentialHistogram::BucketOf(1), 0);
  EXPECT_EQ(ExponentialHistogram::BucketOf(std::uint64_t{1} << 40), 639);
  EXPECT_EQ(ExponentialHistogram::BucketOf(std::numeric_limits<std::uint64_t>::max()), 639);
}

TEST(ExponentialHistogram, CountsZerosApart) {
  ExponentialHistogram histogram;
  histogram.RecordN(0, 9);
  histogram.Record(1000);
  EXPECT_EQ(histogram.zero_count(), 9U);
  EXPECT_EQ(histogram.count(), 10U);
  EXPECT_EQ(histogram.Quantile(0.9), 0);
  EXPECT_NEAR(histogram.Quantile(0.91), 1000, 1000 * kMaxError);
}

TEST(ExponentialHistogram, QuantilesAreWithinTheBoundOfTheExactOnes) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 20; ++round) {
    ExponentialHistogram histogram;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 5'000; ++i) {
      values.push_back(RandomValue(random));
      histogram.Record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(q * static_cast<double>(values.size()))));
      const auto exact = static_cast<double>(values[rank - 1]);
      EXPECT_NEAR(histogram.Quantile(q), exact, exact * kMaxError) << "q " << q;
    }
  }
}

TEST(ExponentialHistogram, MergingEqualsRecordingEverythingInOne) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  ExponentialHistogram parts[4];
  ExponentialHistogram whole;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = random.Below(10) == 0 ? 0 : RandomValue(random);
    parts[random.Below(4)].Record(value);
    whole.Record(value);
  }
  ExponentialHistogram merged;
  for (const ExponentialHistogram& part : parts) merged.Merge(part);
  EXPECT_EQ(merged.count(), whole.count());
  EXPECT_EQ(merged.sum(), whole.sum());
  EXPECT_EQ(merged.zero_count(), whole.zero_count());
  EXPECT_EQ(merged.first(), whole.first());
  EXPECT_EQ(merged.last(), whole.last());
  for (int b = 0; b < ExponentialHistogram::kBuckets; ++b) ASSERT_EQ(merged.at(b), whole.at(b)) << b;
}

TEST(ExponentialHistogram, ReadsItsOwnWireForm) {
  ExponentialHistogram histogram;
  for (const std::uint64_t v : {0, 1, 7, 950, 951, 120'000}) histogram.Record(v);
  std::vector<std::uint64_t> counts;
  for (int b = histogram.first(); b < histogram.last(); ++b) counts.push_back(histogram.at(b));
  ExponentialHistogram back;
  ASSERT_TRUE(back.MergeWire(4, histogram.first(), counts.data(), counts.size(), histogram.zero_count(), histogram.sum()));
  EXPECT_EQ(back.count(), 6U);
  EXPECT_EQ(back.sum(), histogram.sum());
  for (int b = 0; b < ExponentialHistogram::kBuckets; ++b) ASSERT_EQ(back.at(b), histogram.at(b)) << b;
}

TEST(ExponentialHistogram, FoldsAFinerScaleExactly) {
  // At scale 6 four buckets make one of scale 4.
  const std::vector<std::uint64_t> fine = {1, 2, 3, 4, 10, 20, 30, 40};
  ExponentialHistogram histogram;
  ASSERT_TRUE(histogram.MergeWire(6, 400, fine.data(), fine.size(), 0, 0));
  EXPECT_EQ(histogram.at(100), 10U);
  EXPECT_EQ(histogram.at(101), 100U);
  EXPECT_EQ(histogram.count(), 110U);
}

TEST(ExponentialHistogram, PutsACoarserBucketIntoTheMiddleOfItsSpan) {
  const std::vector<std::uint64_t> coarse = {5};
  ExponentialHistogram histogram;
  // Scale 2, bucket 10 spans 40..43 at scale 4.
  ASSERT_TRUE(histogram.MergeWire(2, 10, coarse.data(), 1, 0, 0));
  EXPECT_EQ(histogram.at(42), 5U);
}

TEST(ExponentialHistogram, KeepsWireBucketsOutsideTheRangeAtItsEnds) {
  const std::vector<std::uint64_t> counts = {3};
  ExponentialHistogram histogram;
  ASSERT_TRUE(histogram.MergeWire(4, std::numeric_limits<int>::min(), counts.data(), 1, 0, 0));
  ASSERT_TRUE(histogram.MergeWire(-10, std::numeric_limits<int>::max(), counts.data(), 1, 0, 0));
  EXPECT_EQ(histogram.at(0), 3U);
  EXPECT_EQ(histogram.at(639), 3U);
}

TEST(ExponentialHistogram, RefusesMalformedWireFormsAndAddsNothing) {
  const std::vector<std::uint64_t> counts(641, 1);
  ExponentialHistogram histogram;
  EXPECT_FALSE(histogram.MergeWire(4, 0, counts.data(), 641, 7, 7));
  EXPECT_FALSE(histogram.MergeWire(21, 0, counts.data(), 1, 7, 7));
  EXPECT_FALSE(histogram.MergeWire(-11, 0, counts.data(), 1, 7, 7));
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.sum(), 0U);
}

TEST(ExponentialHistogram, StopsAtTheLargestCountInsteadOfWrapping) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  ExponentialHistogram histogram;
  histogram.RecordN(5, kMost);
  histogram.RecordN(5, 9);
  EXPECT_EQ(histogram.count(), kMost);
  EXPECT_EQ(histogram.sum(), kMost);
  EXPECT_NEAR(histogram.Quantile(0.5), 5, 5 * kMaxError);
}

TEST(ExponentialHistogram, IsAsNewAfterClear) {
  ExponentialHistogram histogram;
  histogram.RecordN(77, 3);
  histogram.Record(0);
  histogram.Clear();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.zero_count(), 0U);
  EXPECT_EQ(histogram.first(), histogram.last());
  histogram.Record(1'000'000);
  EXPECT_EQ(histogram.last() - histogram.first(), 1);
  EXPECT_NEAR(histogram.Quantile(1), 1e6, 1e6 * kMaxError);
}

}  // namespace
}  // namespace switchyard::stats
