// Goal: what agents say of their breakers is told as each agent's newest report has it, and no agent can make it lie for others or grow.
// Method: a manual clock and hand-made reports; a random run is compared with a count of its own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "controlplane/feedback/aggregator.h"

namespace switchyard::controlplane::feedback {
namespace {
using std::chrono::seconds;

constexpr const char* kBackend = "10.0.0.1:80";

v1::Report MakeReport(std::uint64_t sequence) {
  v1::Report report;
  report.set_sequence(sequence);
  report.mutable_length()->set_seconds(1);
  report.mutable_end()->set_seconds(1'767'225'600);
  auto* row = report.add_backends();
  row->set_upstream("shop");
  row->set_backend(kBackend);
  row->set_succeeded(1);
  return report;
}

v1::BreakerReport& AddRow(v1::Report& report, const std::string& route, const std::string& backend = kBackend) {
  v1::BreakerReport& row = *report.add_breakers();
  row.set_upstream("shop");
  row.set_backend(backend);
  row.set_route(route);
  return row;
}

v1::Report OpenReport(std::uint64_t sequence, const std::string& route, const std::string& reason) {
  v1::Report report = MakeReport(sequence);
  v1::BreakerReport& row = AddRow(report, route);
  row.set_open(1);
  row.set_soft(1);
  row.set_reason(reason);
  return report;
}

class BreakersTest : public testing::Test {
 protected:
  std::vector<v1::BreakerRow> Told() { return aggregator_.Breakers("shop", kBackend); }

  ManualClock clock_;
  Aggregator aggregator_{&clock_};
};

TEST_F(BreakersTest, AgentsCountOnceAsTheirWorstWorker) {
  aggregator_.OnReport("edge-1", "i", MakeReport(1));
  aggregator_.OnReport("edge-2", "i", OpenReport(1, "buy", "error_rate"));
  v1::Report soft = MakeReport(1);
  AddRow(soft, "buy").set_soft(2);
  aggregator_.OnReport("edge-0", "i", soft);
  v1::Report trial = MakeReport(1);
  AddRow(trial, "buy").set_half_open(1);
  AddRow(trial, "").set_ejected(3);
  aggregator_.OnReport("edge-3", "i", trial);
  const auto rows = Told();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].ShortDebugString(),
            "route: \"buy\" open: 1 half_open: 1 soft: 1 agents: 4 node: \"edge-2\" reason: \"error_rate\"");
  EXPECT_EQ(rows[1].ShortDebugString(), "ejected: 1 agents: 4 node: \"edge-3\"");
  const auto top = aggregator_.Top("shop", seconds(10));
  ASSERT_EQ(top.rows_size(), 2);
  EXPECT_EQ(top.rows(0).breakers_size(), 0) << "of backends only";
  ASSERT_EQ(top.rows(1).breakers_size(), 2);
  EXPECT_EQ(top.rows(1).breakers(0).ShortDebugString(), rows[0].ShortDebugString());
}

TEST_F(BreakersTest, EachReportReplacesTheOneBefore) {
  aggregator_.OnReport("edge-1", "i", OpenReport(1, "buy", "error_rate"));
  aggregator_.OnReport("edge-1", "i", OpenReport(2, "look", "slow_calls"));
  ASSERT_EQ(Told().size(), 1U);
  EXPECT_EQ(Told()[0].route(), "look");
  aggregator_.OnReport("edge-1", "i", OpenReport(1, "buy", "error_rate"));
  EXPECT_EQ(Told()[0].route(), "look") << "an old report says nothing";
  aggregator_.OnReport("edge-1", "i", MakeReport(3));
  EXPECT_TRUE(Told().empty());
}

TEST_F(BreakersTest, AgentsThatAreGoneOrSilentDoNotCount) {
  aggregator_.OnReport("edge-1", "i", OpenReport(1, "buy", "error_rate"));
  aggregator_.OnReport("edge-2", "i", OpenReport(1, "buy", "slow_calls"));
  aggregator_.OnGone("edge-1");
  ASSERT_EQ(Told().size(), 1U);
  EXPECT_EQ(Told()[0].ShortDebugString(), "route: \"buy\" open: 1 agents: 1 node: \"edge-2\" reason: \"slow_calls\"");
  clock_.Advance(seconds(10));
  EXPECT_EQ(Told().size(), 1U);
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(Told().empty());
}

TEST_F(BreakersTest, WhatNoHonestAgentSaysIsNotTaken) {
  v1::Report report = MakeReport(1);
  AddRow(report, "closed");
  AddRow(report, "many").set_open(4'000'000'000);
  AddRow(report, std::string(64, 'r')).set_open(1);
  AddRow(report, "buy", "").set_open(1);
  AddRow(report, "buy", std::string(65, '1')).set_open(1);
  v1::BreakerReport& talk = AddRow(report, "talk");
  talk.set_open(1);
  talk.set_reason(std::string(257, 'x'));
  AddRow(report, "buy").set_soft(1);
  AddRow(report, "buy").set_open(1);  // again
  AddRow(report, "buy", "10.0.0.9:80").set_open(1);  // no such backend
  aggregator_.OnReport("edge-1", "i", report);
  ASSERT_EQ(Told().size(), 1U);
  EXPECT_EQ(Told()[0].ShortDebugString(), "route: \"buy\" soft: 1 agents: 1 node: \"edge-1\"");
  EXPECT_EQ(aggregator_.counters().malformed, 7U);
  EXPECT_EQ(aggregator_.counters().dropped, 1U);
  EXPECT_TRUE(aggregator_.Breakers("shop", "10.0.0.9:80").empty());
  EXPECT_EQ(aggregator_.counters().accepted, 1U) << "the rest of the report counts";
}

TEST_F(BreakersTest, LongListsAreCutAndTheRestIsCounted) {
  v1::Report report = MakeReport(1);
  for (int i = 0; i < BreakerBoard::kMaxRows + 50; ++i) AddRow(report, fmt::format("r{:03}", i)).set_soft(1);
  report.mutable_breakers(BreakerBoard::kMaxRows - 1)->set_open(1);
  report.set_dropped_breakers(7);
  aggregator_.OnReport("edge-1", "i", report);
  const auto rows = Told();
  ASSERT_EQ(rows.size(), BreakerBoard::kMaxRowsTold);
  EXPECT_EQ(rows[0].route(), "r199") << "the worst first";
  EXPECT_EQ(rows[1].route(), "r000");
  EXPECT_EQ(aggregator_.Top("", seconds(10)).breakers_left_out(), 57U);
  report = MakeReport(2);
  report.set_dropped_breakers(4'000'000'000);
  aggregator_.OnReport("edge-1", "i", report);
  EXPECT_EQ(aggregator_.Top("", seconds(10)).breakers_left_out(), 1'000'000U) << "one agent's word is worth no more";
}

TEST_F(BreakersTest, OneAnswerHasAThousandRowsAtMost) {
  v1::Report report = MakeReport(1);
  for (int backend = 0; backend < 60; ++backend) {
    *report.add_backends() = report.backends(0);
    report.mutable_backends(backend + 1)->set_backend(fmt::format("b{}", backend));
  }
  for (int agent = 0; agent < 6; ++agent) {
    report.clear_breakers();
    for (int i = 0; i < 200; ++i) AddRow(report, fmt::format("r{}", i % 20), fmt::format("b{}", 10 * agent + i / 20)).set_open(1);
    aggregator_.OnReport(fmt::format("edge-{}", agent), "i", report);
  }
  const auto top = aggregator_.Top("", seconds(10));
  int told = 0;
  for (const v1::TopRow& row : top.rows()) told += row.breakers_size();
  EXPECT_EQ(told, 1000);
  EXPECT_EQ(top.breakers_left_out(), 200U);
}

TEST(BreakerBoard, HoldsNoMoreThanItsRowsAndHasRoomAgain) {
  BreakerBoard board(3);
  v1::Report report;
  for (const char* route : {"a", "b"}) AddRow(report, route).set_open(1);
  const auto yes = [](const BreakerBoard::Key&) { return true; };
  EXPECT_EQ(board.Replace("edge-1", report, TimePoint(), yes).dropped, 0U);
  EXPECT_EQ(board.Replace("edge-2", report, TimePoint(), yes).dropped, 1U);
  EXPECT_EQ(board.rows(), 3U);
  EXPECT_EQ(board.left_out(TimePoint()), 1U);
  board.Drop("edge-1");
  EXPECT_EQ(board.rows(), 1U);
  EXPECT_EQ(board.Replace("edge-2", report, TimePoint(), yes).dropped, 0U);
  EXPECT_EQ(board.left_out(TimePoint()), 0U);
}

TEST(BreakerBoard, SumsAreThoseOfTheNewestReportsInAnyOrder) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  BreakerBoard board(1000);
  const auto yes = [](const BreakerBoard::Key&) { return true; };
  // Node -> route -> open.
  std::map<std::string, std::set<std::string>> open;
  for (int step = 0; step < 2000; ++step) {
    const std::string node = fmt::format("edge-{}", random() % 5);
    open[node].clear();
    if (random() % 4 == 0) {
      board.Drop(node);
    } else {
      v1::Report report;
      for (int i = 0; i < 4; ++i) {
        const std::string route = fmt::format("r{}", random() % 4);
        if (open[node].insert(route).second) AddRow(report, route).set_open(1);
      }
      board.Replace(node, report, TimePoint(), yes);
    }
    std::map<std::string, std::uint32_t> expected;
    std::size_t rows = 0;
    for (const auto& [name, routes] : open) {
      rows += routes.size();
      for (const std::string& route : routes) ++expected[route];
    }
    std::map<std::string, std::uint32_t> told;
    for (const v1::BreakerRow& row : board.Tell({"shop", kBackend}, TimePoint())) told[row.route()] = row.open();
    ASSERT_EQ(told, expected);
    ASSERT_EQ(board.rows(), rows);
  }
}

}  // namespace
}  // namespace switchyard::controlplane::feedback
