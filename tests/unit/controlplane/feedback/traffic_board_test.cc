// Goal: listeners' requests count once, in their second, and gauges are the newest ones. Method: a manual clock and hand-made reports.
#include "controlplane/feedback/traffic_board.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::feedback {
namespace {
using std::chrono::seconds;

v1::Report MakeReport(std::uint64_t sequence, std::uint64_t good, std::uint64_t bad, const std::string& listener = "web") {
  v1::Report report;
  report.set_sequence(sequence);
  auto* row = report.add_listeners();
  row->set_listener(listener);
  for (const std::uint64_t n : {std::uint64_t{0}, good, std::uint64_t{0}, std::uint64_t{0}, bad}) row->add_by_class(n);
  auto* cause = row->add_causes();
  cause->set_cause(v1::CAUSE_NO_ROUTE);
  cause->set_count(bad);
  report.set_open_connections(5);
  report.set_resident_bytes(77);
  return report;
}

TEST(TrafficBoard, SumsAgentsAndListenersIntoTheFleet) {
  ManualClock clock;
  TrafficBoard board(&clock);
  board.OnReport("a", "1", MakeReport(1, 10, 2));
  board.OnReport("b", "1", MakeReport(1, 20, 0));
  board.OnReport("b", "1", MakeReport(2, 5, 0, "api"));
  clock.Advance(seconds(1));
  const auto rows = board.Rows(1);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].name(), "");
  EXPECT_DOUBLE_EQ(rows[0].rate(), 37);
  EXPECT_DOUBLE_EQ(rows[0].errors(), 2);
  EXPECT_EQ(rows[0].in_flight(), 10u) << "open connections of both agents";
  EXPECT_EQ(rows[1].name(), "api");
  EXPECT_DOUBLE_EQ(rows[2].by_class(1), 30);
  ASSERT_EQ(rows[0].causes_size(), 1);
  EXPECT_EQ(rows[0].causes(0).cause(), v1::CAUSE_NO_ROUTE);
}

TEST(TrafficBoard, CountsARepeatedReportOnce) {
  ManualClock clock;
  TrafficBoard board(&clock);
  board.OnReport("a", "1", MakeReport(1, 10, 0));
  board.OnReport("a", "1", MakeReport(1, 10, 0));
  clock.Advance(seconds(1));
  EXPECT_DOUBLE_EQ(board.Rows(1)[0].rate(), 10);
  board.OnReport("a", "2", MakeReport(1, 10, 0));
  clock.Advance(seconds(1));
  EXPECT_DOUBLE_EQ(board.Rows(1)[0].rate(), 10) << "a new process counts anew";
}

TEST(TrafficBoard, LeavesOutWhatNoHonestAgentSends) {
  ManualClock clock;
  TrafficBoard board(&clock);
  auto report = MakeReport(1, 2'000'000'000, 0);
  *report.add_listeners() = MakeReport(1, 1, 0, std::string(64, 'x')).listeners(0);
  *report.add_listeners() = MakeReport(1, 3, 0, "good").listeners(0);
  board.OnReport("a", "1", report);
  clock.Advance(seconds(1));
  const auto rows = board.Rows(1);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0].rate(), 3);
  EXPECT_EQ(board.dropped(), 2u);
}

TEST(TrafficBoard, GaugesEndWithTheStreamAndWithSilence) {
  ManualClock clock;
  TrafficBoard board(&clock);
  board.OnReport("a", "1", MakeReport(1, 1, 0));
  EXPECT_EQ(board.Of("a")->resident_bytes, 77u);
  EXPECT_FALSE(board.Of("b").has_value());
  clock.Advance(seconds(11));
  EXPECT_EQ(board.Rows(1)[0].in_flight(), 0u);
  board.OnGone("a");
  EXPECT_FALSE(board.Of("a").has_value());
}

TEST(TrafficBoard, ForgetsListenersThatNobodyReports) {
  ManualClock clock;
  TrafficBoard board(&clock);
  board.OnReport("a", "1", MakeReport(1, 1, 0));
  clock.Advance(seconds(62));
  EXPECT_EQ(board.Rows(1).size(), 1u);
}

}  // namespace
}  // namespace switchyard::controlplane::feedback
