// Goal: the load generator counts every intended request once and measures from its intended start. Method: the schedule and the tally as
// pure values; whole runs against a scripted backend on a loopback port.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "tools/yard-load/plan.h"
#include "tools/yard-load/runner.h"
#include "tools/yard-load/schedule.h"
#include "tools/yard-load/summary_text.h"
#include "tools/yard-load/tally.h"
#include "tools/yard-origin/server.h"

namespace switchyard::tools::load {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::unique_ptr<origin::Server> StartOrigin(std::string_view behaviour) {
  origin::ServerOptions options;
  options.listens = {{"blue", Endpoint::Parse("127.0.0.1:0").value()}};
  options.behaviour = origin::ParseBehaviour(behaviour).value();
  return origin::Server::Start(options).value();
}

Plan PlanFor(const origin::Server& server) {
  Plan plan;
  plan.targets = {ParseTarget("http://" + server.listens()[0].address.ToString() + "/x").value()};
  plan.connections = 4;
  plan.duration = milliseconds(200);
  plan.timeout = std::chrono::seconds(5);
  plan.count_header = "x-origin";
  return plan;
}

Summary RunPlan(const Plan& plan) {
  const SystemClock clock;
  auto runner = Runner::Start(plan, clock);
  EXPECT_TRUE(runner.ok()) << Message(runner.status());
  return (*runner)->Wait();
}

std::uint64_t Failures(const Summary& summary, Failure failure) { return summary.tally.by_failure[static_cast<std::size_t>(failure)]; }

// Nobody listens on it: it was bound and closed a moment ago.
Target RefusingTarget() {
  const auto gone = StartOrigin("{}");
  return ParseTarget("http://" + gone->listens()[0].address.ToString() + "/").value();
}

TEST(Plan, ReadsUrls) {
  const Target target = ParseTarget("http://[::1]:8080?x=1").value();
  EXPECT_EQ(target.host, "::1");
  EXPECT_EQ(target.port, "8080");
  EXPECT_EQ(target.target, "/?x=1");
  EXPECT_EQ(target.authority, "[::1]:8080");
  EXPECT_EQ(ParseTarget("http://a").value().port, "80");
  for (const char* bad : {"https://a/", "http://", "a:80", "http://a:x/", "http://a b/", "http://:80/", "http://a:123456/"})
    EXPECT_FALSE(ParseTarget(bad).ok()) << bad;
}

TEST(Plan, MakesTheRequestOnce) {
  Plan plan;
  plan.method = "POST";
  plan.body_size = 3;
  plan.headers = {"Host: other"};
  plan.close = true;
  EXPECT_EQ(RequestBytes(plan, ParseTarget("http://a/p").value()),
            "POST /p HTTP/1.1\r\nuser-agent: yard-load\r\nHost: other\r\ncontent-length: 3\r\nconnection: close\r\n\r\nxxx");
}

TEST(Schedule, KeepsIntendedStartsWhenItIsLate) {
  const TimePoint start{};
  Schedule schedule(start, 1000, milliseconds(5), 0, 1);
  EXPECT_TRUE(schedule.Due(start));
  EXPECT_EQ(schedule.Take(), start);
  EXPECT_FALSE(schedule.Due(start + std::chrono::microseconds(999)));
  const TimePoint late = start + milliseconds(100);
  for (int i = 1; i < 5; ++i) {
    ASSERT_TRUE(schedule.Due(late));
    EXPECT_EQ(schedule.Remaining(), static_cast<std::uint64_t>(5 - i));
    EXPECT_EQ(schedule.Take(), start + milliseconds(i));
  }
  EXPECT_TRUE(schedule.Exhausted());
  EXPECT_FALSE(schedule.Due(late));
  EXPECT_EQ(schedule.Remaining(), 0u);
}

TEST(Schedule, SharesTheRateAmongLanes) {
  const TimePoint start{};
  std::uint64_t count = 0;
  for (unsigned lane = 0; lane < 3; ++lane) count += Schedule(start, 100, std::chrono::seconds(10), lane, 3).Remaining();
  EXPECT_EQ(count, 1000u);
  EXPECT_EQ(Schedule(start, 100, Duration(0), 1, 3).next(), start + milliseconds(10));
}

TEST(Schedule, DrawsTheStartsOfAPoissonProcess) {
  const TimePoint start{};
  std::vector<double> gaps;
  std::uint64_t count = 0;
  for (unsigned lane = 0; lane < 2; ++lane) {
    Schedule schedule(start, 1000, std::chrono::seconds(20), lane, 2, 7);
    const std::uint64_t promised = schedule.Remaining();
    TimePoint last = start;
    for (; !schedule.Exhausted(); ++count) {
      const TimePoint next = schedule.Take();
      gaps.push_back(std::chrono::duration<double>(next - last).count());
      last = next;
    }
    count -= promised;
  }
  EXPECT_EQ(count, 0u);
  double mean = 0;
  double square = 0;
  for (const double gap : gaps) mean += gap / static_cast<double>(gaps.size());
  for (const double gap : gaps) square += (gap - mean) * (gap - mean) / static_cast<double>(gaps.size());
  // The deviation of an exponential is its mean, 2 ms in each of two lanes; of even spacing it is 0.
  EXPECT_NEAR(mean, 0.002, 0.0001);
  EXPECT_NEAR(std::sqrt(square), 0.002, 0.0001);
}

TEST(Schedule, EndsEarlyWhenTold) {
  const TimePoint start{};
  Schedule schedule(start, 1000, Duration(0), 0, 1);
  EXPECT_FALSE(schedule.Exhausted());
  schedule.EndAt(start + milliseconds(3));
  EXPECT_EQ(schedule.Remaining(), 3u);
}

TEST(Tally, BoundsValuesAndTimeline) {
  Tally tally;
  const TimePoint start{};
  tally.Start(start, true);
  for (int i = 0; i < 300; ++i) tally.Response(start, 200, milliseconds(1), std::to_string(i));
  EXPECT_EQ(tally.header_values.size(), Tally::kMaxValues + 1);
  EXPECT_EQ(tally.header_values["(other)"], 300 - Tally::kMaxValues);
  tally.Fail(start + std::chrono::hours(5), Failure::kReset);
  EXPECT_EQ(tally.slots.size(), Tally::kMaxSlots);
  EXPECT_EQ(tally.slots.back().failed, 1u);
}

TEST(Tally, CountsStatusesFrom400AsFailed) {
  Tally tally;
  tally.Start({}, false);
  tally.Response({}, 399, milliseconds(1), "");
  tally.Response({}, 400, milliseconds(1), "");
  tally.Response({}, 503, milliseconds(1), "");
  tally.Fail({}, Failure::kTimeout);
  Tally sum;
  sum.Merge(tally);
  sum.Merge(tally);
  EXPECT_EQ(sum.requests(), 8u);
  EXPECT_EQ(sum.failed(), 6u);
}

TEST(Runner, MakesExactlyTheIntendedRequests) {
  const auto origin = StartOrigin("{}");
  Plan plan = PlanFor(*origin);
  plan.rate = 500;
  plan.threads = 2;
  plan.timeline = true;
  const Summary summary = RunPlan(plan);
  EXPECT_EQ(summary.tally.requests(), 100u);
  EXPECT_EQ(summary.tally.failed(), 0u);
  EXPECT_EQ(summary.tally.header_values.at("blue"), 100u);
  const std::string json = ToJson(plan, summary);
  EXPECT_THAT(json, HasSubstr(R"("by_status":{"200":100})"));
  EXPECT_THAT(json, HasSubstr(R"("header_values":{"blue":100})"));
  EXPECT_THAT(json, HasSubstr(R"("slot_ms":100)"));
  EXPECT_THAT(ToTable(plan, summary), HasSubstr("x-origin: blue  100 (100.0 %)"));
}

TEST(Runner, ChargesAStallToEveryRequestThatItDelayed) {
  const auto origin = StartOrigin(R"({"latency":{"kind":"constant","ms":50}})");
  Plan plan = PlanFor(*origin);
  plan.connections = 1;
  plan.rate = 100;  // one connection at 50 ms can serve 20 of them per second
  const Summary summary = RunPlan(plan);
  EXPECT_EQ(summary.tally.requests(), 20u);
  // The last was intended at 190 ms and cannot end before 20 * 50 ms.
  EXPECT_GE(summary.tally.max_us, 800'000u);
  EXPECT_GE(summary.tally.latency.Quantile(0.5), 350'000);
}

TEST(Runner, SaturatesInAClosedLoop) {
  const auto origin = StartOrigin("{}");
  Plan plan = PlanFor(*origin);
  plan.close = true;
  const Summary summary = RunPlan(plan);
  EXPECT_GT(summary.tally.responses, 4u);
  EXPECT_EQ(summary.tally.failed(), 0u);
  EXPECT_GE(summary.tally.connections_opened, summary.tally.responses);
}

TEST(Runner, NamesWhatFailed) {
  Plan plan = PlanFor(*StartOrigin("{}"));
  plan.rate = 50;
  plan.timeout = milliseconds(100);
  EXPECT_EQ(Failures(RunPlan(plan), Failure::kConnect), 10u);
  const std::pair<const char*, Failure> cases[] = {{R"({"reset_rate":1})", Failure::kReset},         {R"({"truncate_rate":1})", Failure::kTruncated},
                                                   {R"({"hang_rate":1})", Failure::kTimeout},        {R"({"raw":"ICY 200 OK\r\n\r\n"})", Failure::kBadResponse},
                                                   {R"({"length_offset":-8})", Failure::kBadResponse}};
  for (const auto& [behaviour, failure] : cases) {
    const auto origin = StartOrigin(behaviour);
    plan.targets = PlanFor(*origin).targets;
    plan.connections = 10;
    const Summary summary = RunPlan(plan);
    EXPECT_EQ(summary.tally.requests(), 10u) << behaviour;
    EXPECT_EQ(Failures(summary, failure), 10u) << behaviour;
  }
}

TEST(Runner, GoesOnToTheNextTargetWhenOneRefuses) {
  const auto origin = StartOrigin("{}");
  Plan plan = PlanFor(*origin);
  plan.targets.insert(plan.targets.begin(), RefusingTarget());
  plan.rate = 100;
  const Summary summary = RunPlan(plan);
  EXPECT_EQ(summary.tally.requests(), 20u);
  EXPECT_EQ(summary.tally.failed(), 0u);
  EXPECT_GE(summary.tally.failovers, 1u);
}

TEST(Runner, DoesNotMindConnectionsThatCloseWithoutAWord) {
  const auto origin = StartOrigin(R"({"close_after":3})");
  Plan plan = PlanFor(*origin);
  plan.rate = 500;
  const Summary summary = RunPlan(plan);
  EXPECT_EQ(summary.tally.responses, 100u);
  EXPECT_EQ(summary.tally.failed(), 0u);
  EXPECT_GE(summary.tally.connections_opened, 100u / 3);
}

TEST(Runner, StopsWhenTold) {
  const auto origin = StartOrigin("{}");
  Plan plan = PlanFor(*origin);
  plan.duration = Duration(0);
  plan.rate = 100;
  const SystemClock clock;
  auto runner = Runner::Start(plan, clock);
  ASSERT_TRUE(runner.ok());
  (*runner)->Stop();
  const Summary summary = (*runner)->Wait();
  EXPECT_EQ(summary.tally.failed(), 0u);
}

TEST(Runner, SaysWhichNameItCannotLookUp) {
  Plan plan;
  plan.targets = {ParseTarget("http://no-such-host.invalid/").value()};
  const SystemClock clock;
  const auto runner = Runner::Start(plan, clock);
  ASSERT_FALSE(runner.ok());
  EXPECT_THAT(std::string(Message(runner.status())), HasSubstr("no-such-host.invalid"));
}

}  // namespace
}  // namespace switchyard::tools::load
