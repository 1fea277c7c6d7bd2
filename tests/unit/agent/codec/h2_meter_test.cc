// Goal: what a peer makes us do is counted from the headers of its frames alone, and too much of it has a name.
#include "agent/codec/h2_meter.h"

#include <gtest/gtest.h>

#include <vector>

namespace switchyard::agent::codec {
namespace {

constexpr H2Limits kLimits{.resets = 3, .control_frames = 5, .continuations = 2, .section_bytes = 100};

using Frames = std::vector<H2FrameHeader>;

Frames Frame(std::uint8_t type, std::uint8_t flags, std::uint32_t size) { return {{size, static_cast<H2Frame>(type), flags, 1}}; }

Frames operator+(Frames a, const Frames& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Frames Times(int n, const Frames& frame) {
  Frames out;
  for (int i = 0; i < n; ++i) out = out + frame;
  return out;
}

void See(H2Meter& meter, const Frames& frames) {
  for (const H2FrameHeader& frame : frames) meter.See(frame, TimePoint() + std::chrono::hours(1));
}

Cause Count(const Frames& frames) {
  H2Meter meter(kLimits);
  See(meter, frames);
  return meter.fault();
}

TEST(H2Meter, NamesEachFlood) {
  const Frames head = Frame(1, 0, 10);
  const struct {
    Frames frames;
    Cause expected;
  } rows[] = {
      {Times(3, Frame(3, 0, 4)), Cause::kNone},
      {Times(4, Frame(3, 0, 4)), Cause::kResetFlood},
      {Times(5, Frame(6, 0, 8)), Cause::kNone},
      {Times(70, Frame(6, 0, 8)), Cause::kControlFlood},
      {Times(6, Frame(4, 0, 0)), Cause::kControlFlood},
      {Times(6, Frame(2, 0, 5)), Cause::kControlFlood},
      {Times(6, Frame(0, 0, 0)), Cause::kControlFlood},
      {Times(6, Frame(0x77, 0, 3)), Cause::kControlFlood},
      {Times(60, Frame(0, 0, 100)), Cause::kNone},
      {Times(64, Frame(8, 0, 4)), Cause::kNone},
      {Times(70, Frame(8, 0, 4)), Cause::kControlFlood},
      {head + Times(2, Frame(9, 0, 10)), Cause::kNone},
      {head + Times(3, Frame(9, 0, 0)), Cause::kContinuationFlood},
      {head + Frame(9, 4, 91), Cause::kContinuationFlood},
      {Frame(1, 4, 101), Cause::kContinuationFlood},
      {Times(50, Frame(1, 4, 100)), Cause::kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(Count(row.frames), row.expected) << &row - rows;
}

TEST(H2Meter, DataThatWeSendExplainsWindowUpdates) {
  H2Meter meter(kLimits);
  for (int i = 0; i < 1000; ++i) {
    meter.SentData(/*whole=*/true);
    See(meter, Times(2, Frame(8, 0, 4)));
  }
  EXPECT_EQ(meter.fault(), Cause::kNone);
}

TEST(H2Meter, DribblesThatASmallWindowForcesExplainNothing) {
  H2Meter meter(kLimits);
  for (int i = 0; i < 100; ++i) {
    meter.SentData(/*whole=*/false);
    See(meter, Frame(8, 0, 4));
  }
  EXPECT_EQ(meter.fault(), Cause::kControlFlood);
}

TEST(H2Budget, ComesBackEvenlyWithinAMinute) {
  H2Budget budget(60);
  TimePoint now = TimePoint() + std::chrono::hours(1);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(budget.Spend(now));
  EXPECT_FALSE(budget.Spend(now));
  now += std::chrono::seconds(2);
  EXPECT_TRUE(budget.Spend(now));
  EXPECT_TRUE(budget.Spend(now));
  EXPECT_FALSE(budget.Spend(now));
  now += std::chrono::hours(5);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(budget.Spend(now));
  EXPECT_FALSE(budget.Spend(now));
}

}  // namespace
}  // namespace switchyard::agent::codec
