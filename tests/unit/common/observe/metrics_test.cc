// The text exposition is what scrapers read, so it is compared as text; caps are reached on purpose.
#include "common/observe/metrics.h"

#include <gtest/gtest.h>

#include <string>

#include "common/observe/metric_names.h"
#include "common/observe/resident_memory.h"

namespace switchyard::observe {
namespace {

constexpr MetricDef kCount{"t_count_total", "Counts.", MetricKind::kCounter, {"who"}, 2};
constexpr MetricDef kLevel{"t_level", "Level.", MetricKind::kGauge};
constexpr std::array<double, 2> kBounds = {0.1, 1};
constexpr MetricDef kTimes{"t_seconds", "Times.", MetricKind::kHistogram, {}, 1, kBounds};

TEST(Metrics, WritesThePrometheusTextFormat) {
  Metrics metrics;
  metrics.Add(kCount, {"a\"b"}, 2);
  metrics.Add(kCount, {"a\"b"});
  metrics.Set(kLevel, 1.5);
  metrics.Observe(kTimes, {}, 0.1);
  metrics.Observe(kTimes, {}, 0.5);
  metrics.Observe(kTimes, {}, 7);
  EXPECT_EQ(metrics.Expose(),
            "# HELP t_count_total Counts.\n"
            "# TYPE t_count_total counter\n"
            "t_count_total{who=\"a\\\"b\"} 3\n"
            "# HELP t_level Level.\n"
            "# TYPE t_level gauge\n"
            "t_level 1.5\n"
            "# HELP t_seconds Times.\n"
            "# TYPE t_seconds histogram\n"
            "t_seconds_count 3\n"
            "t_seconds_sum 7.6\n"
            "t_seconds_bucket{le=\"0.1\"} 1\n"
            "t_seconds_bucket{le=\"1\"} 2\n"
            "t_seconds_bucket{le=\"+Inf\"} 3\n");
}

TEST(Metrics, TakesManyValuesAtOnce) {
  Metrics metrics;
  const std::array<std::uint64_t, 3> counts = {5, 2, 1};
  metrics.ObserveMany(kTimes, {}, counts, 9.5);
  EXPECT_NE(metrics.Expose().find("t_seconds_bucket{le=\"1\"} 7\n"), std::string::npos);
  EXPECT_EQ(metrics.Value(kTimes), 8);
}

TEST(Metrics, FoldsSeriesPastTheCapIntoOther) {
  Metrics metrics;
  for (const char* who : {"a", "b", "c", "d", "c"}) metrics.Add(kCount, {who});
  EXPECT_EQ(metrics.Value(kCount, {"a"}), 1);
  EXPECT_EQ(metrics.Value(kCount, {"b"}), 1);
  EXPECT_EQ(metrics.Value(kCount, {"c"}), 0);
  EXPECT_EQ(metrics.Value(kCount, {"other"}), 3);
  EXPECT_EQ(metrics.Value(kMetricsFolded, {"t_count_total"}), 3);
}

TEST(Metrics, CutsLongLabelValues) {
  Metrics metrics;
  metrics.Add(kCount, {std::string(1000, 'x')});
  EXPECT_EQ(metrics.Value(kCount, {std::string(128, 'x')}), 1);
}

TEST(Metrics, ForgetsWhatIsGone) {
  Metrics metrics;
  metrics.Add(kCount, {"a"});
  metrics.Add(kCount, {"b"});
  metrics.Remove(kCount, {"a"});
  EXPECT_EQ(metrics.Value(kCount, {"a"}), 0);
  EXPECT_EQ(metrics.Value(kCount, {"b"}), 1);
  metrics.Clear(kCount);
  EXPECT_EQ(metrics.Value(kCount, {"b"}), 0);
}

TEST(MetricsDeathTest, AbortsOnTheWrongNumberOfLabels) {
  Metrics metrics;
  EXPECT_DEATH(metrics.Add(kCount, {"a", "b"}), "");
}

TEST(ResidentMemory, IsThatOfAProgram) {
  EXPECT_GT(ResidentBytes(), 100'000U);
}

}  // namespace
}  // namespace switchyard::observe
