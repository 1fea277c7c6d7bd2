// Goal: whatever names a configuration has and however many, metrics take no more memory than is stated, and say that they are full.
// Method: every metric of the program, each with 20,000 series of names that are long, quoted, multi-line and not text; the heap before and after.
#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/observe/metric_names.h"

namespace switchyard::observe {
namespace {

// docs/metrics.md states it.
constexpr std::size_t kCeilingBytes = 32U * 1024 * 1024;
constexpr int kSeries = 20'000;

const MetricDef* const kAll[] = {
    &kBuildInfo, &kResidentBytes, &kStartTime, &kRequests, &kRequestCauses, &kTlsHandshakes, &kTlsCertificateExpiry, &kRequestSeconds, &kOpenConnections,
    &kConnections, &kTunnelBytes,
    &kRouteRequests, &kRouteSeconds, &kBackendSeconds,
    &kAttempts, &kAttemptFailures, &kAttemptSeconds, &kUpstreamBytes, &kUpstreamRequestBytes, &kUpstreamInFlight,
    &kUpstreamConnections, &kBreakers, &kBreakerOpened, &kEjected, &kEjections, &kBackendsByHealth, &kProbes, &kDiscoveredBackends, &kDiscoveryFailing,
    &kConfigGeneration, &kConfigAge, &kConfigApplies, &kConfigQuarantined, &kLastGoodWrites, &kControllerConnected, &kControllerConnects,
    &kControllerDropped, &kCertificateExpiry, &kCertificateRenewals, &kDraining, &kAdminRequests, &kAccessLogLines, &kAccessLogFailing, &kLoopLag,
    &kPoolConnections, &kPoolWaiting, &kPoolExhausted, &kControllerStream, &kSessionEvents, &kPushes, &kPushSeconds, &kReportLag, &kChanges, &kCommitSeconds};

std::size_t LabelCount(const MetricDef& metric) {
  std::size_t count = 0;
  while (count < metric.labels.size() && !metric.labels[count].empty()) ++count;
  return count;
}

// Pieces of one hostile text, each with a number of its own.
std::string HostileName(Random& random) {
  static constexpr char kBytes[] = "\"\\\n\r\t{},=\xff\xc3\x28 abcdefghijklmnopqrstuvwxyz0123456789";
  static const std::string text = [&] {
    std::string made(4096, ' ');
    for (char& c : made) c = kBytes[random.Next() % (sizeof kBytes - 1)];
    return made;
  }();
  static int number = 0;
  return std::to_string(++number) + text.substr(random.Next() % 2000, 200 + random.Next() % 1800);
}

void Update(Metrics& metrics, const MetricDef& metric, LabelValues labels) {
  switch (metric.kind) {
    case MetricKind::kCounter: return metrics.Add(metric, labels);
    case MetricKind::kGauge: return metrics.Set(metric, labels, 1);
    case MetricKind::kHistogram: return metrics.Observe(metric, labels, 0.01);
  }
}

void Fill(Metrics& metrics, const MetricDef& metric, Random& random) {
  for (int i = 0; i < kSeries; ++i) {
    const std::string first = HostileName(random);
    const std::string second = HostileName(random);
    switch (LabelCount(metric)) {
      case 0: return Update(metrics, metric, {});
      case 1: Update(metrics, metric, {first}); break;
      case 2: Update(metrics, metric, {first, second}); break;
      case 3: Update(metrics, metric, {first, second, "x"}); break;
      default: FAIL() << "a metric with four labels: count it here";
    }
  }
}

TEST(MetricsCeiling, HoldsWithTenThousandsOfHostileNames) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(seed);
  Random random(seed);
  const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  Metrics metrics;
  for (const MetricDef* metric : kAll) Fill(metrics, *metric, random);
  const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  EXPECT_LT(after - before, kCeilingBytes);
  RecordProperty("bytes", static_cast<int>(after - before));
  EXPECT_LT(metrics.Expose().size(), kCeilingBytes);
  // Each is full, and says so.
  EXPECT_GT(metrics.Value(kMetricsFolded, {kAttempts.name}), 10'000);
  EXPECT_GT(metrics.Value(kMetricsFolded, {kOpenConnections.name}), 10'000);
  EXPECT_GT(metrics.Value(kAttempts, {"other", "other", "other"}), 10'000);
}

}  // namespace
}  // namespace switchyard::observe
