// The reporter on simulated time with a source that answers when the test says so.
#include "agent/report/reporter.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "common/base/manual_loop.h"
#include "common/observe/metric_names.h"

namespace switchyard::agent::report {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FakeSource final : public ReportSource {
 public:
  void Collect(std::function<void(Window)> done) override {
    if (answer_at_once) return done(Sample());
    waiting.push_back(std::move(done));
  }
  static Window Sample() {
    Window window;
    window.backends["web"]["a"].succeeded = 2;
    window.backends["web"]["a"].latency.RecordN(1000, 2);
    window.listeners["edge"].by_class[1] = 2;
    window.listeners["edge"].duration.RecordN(1000, 2);
    window.listeners["edge"].open_connections = 3;
    return window;
  }

  bool answer_at_once = true;
  std::vector<std::function<void(Window)>> waiting;
};

class ReporterTest : public testing::Test {
 protected:
  ReporterTest() : loop_(clock_), reporter_(Parts()) {}

  ReporterParts Parts() {
    ReporterParts parts;
    parts.loop = &loop_;
    parts.clock = &clock_;
    parts.source = &source_;
    parts.metrics = &metrics_;
    parts.health = [](const HealthVisitor&) {};
    parts.resident_bytes = [] { return std::uint64_t{4096}; };
    parts.send = [this](v1::Report report) { sent_.push_back(std::move(report)); };
    return parts;
  }

  ManualClock clock_;
  ManualLoop loop_;
  FakeSource source_;
  observe::Metrics metrics_;
  std::vector<v1::Report> sent_;
  Reporter reporter_;
};

TEST_F(ReporterTest, SendsOncePerInterval) {
  reporter_.SetInterval(seconds(1));
  loop_.Advance(milliseconds(3500));
  ASSERT_EQ(sent_.size(), 3U);
  EXPECT_EQ(sent_[0].sequence(), 1U);
  EXPECT_EQ(sent_[2].sequence(), 3U);
  EXPECT_EQ(sent_[2].length().seconds(), 1);
  EXPECT_EQ(sent_[0].resident_bytes(), 4096U);
}

TEST_F(ReporterTest, TakesANewInterval) {
  reporter_.SetInterval(seconds(1));
  loop_.Advance(seconds(1));
  reporter_.SetInterval(milliseconds(100));
  loop_.Advance(seconds(1));
  EXPECT_EQ(sent_.size(), 11U);
}

TEST_F(ReporterTest, WaitsForALateAnswerAndTellsTheRealLength) {
  source_.answer_at_once = false;
  reporter_.SetInterval(seconds(1));
  loop_.Advance(milliseconds(3500));
  ASSERT_EQ(source_.waiting.size(), 1U);
  source_.waiting[0](FakeSource::Sample());
  loop_.RunReady();
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].length().seconds(), 3);
  EXPECT_EQ(sent_[0].length().nanos(), 500'000'000);
}

TEST_F(ReporterTest, AddsUpMetricsFromTheSameWindows) {
  reporter_.SetInterval(seconds(1));
  loop_.Advance(seconds(3));
  EXPECT_EQ(metrics_.Value(observe::kRequests, {"edge", "2xx"}), 6);
  EXPECT_EQ(metrics_.Value(observe::kAttempts, {"web", "a", "succeeded"}), 6);
  EXPECT_EQ(metrics_.Value(observe::kOpenConnections, {"edge"}), 3);
  EXPECT_EQ(metrics_.Value(observe::kRequestSeconds, {"edge"}), 6);
  EXPECT_EQ(metrics_.Value(observe::kAttemptSeconds, {"web"}), 6);
}

TEST_F(ReporterTest, SendsNothingAfterStop) {
  source_.answer_at_once = false;
  reporter_.SetInterval(seconds(1));
  loop_.Advance(seconds(1));
  reporter_.Stop();
  source_.waiting[0](FakeSource::Sample());
  loop_.Advance(seconds(5));
  EXPECT_TRUE(sent_.empty());
}

}  // namespace
}  // namespace switchyard::agent::report
