// Goal: what a peer makes us do is counted from the bytes alone, however they are cut, and too much of it has a name.
#include "agent/codec/h2_meter.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::agent::codec {
namespace {

constexpr H2Limits kLimits{.resets = 3, .control_frames = 5, .continuations = 2, .section_bytes = 100};

std::string Frame(std::uint8_t type, std::uint8_t flags, std::size_t size) {
  std::string out = {'\0', static_cast<char>(size >> 8U), static_cast<char>(size), static_cast<char>(type), static_cast<char>(flags), 0, 0, 0, 1};
  return out + std::string(size, 'x');
}

Cause Count(const std::string& bytes, std::size_t step, bool preface = false) {
  H2Meter meter(kLimits, preface);
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  for (std::size_t at = 0; at < bytes.size(); at += step) meter.See(std::string_view(bytes).substr(at, step), now);
  return meter.fault();
}

std::string Times(int n, const std::string& frame) {
  std::string out;
  for (int i = 0; i < n; ++i) out += frame;
  return out;
}

TEST(H2Meter, NamesEachFloodHoweverTheBytesAreCut) {
  const std::string head = Frame(1, 0, 10);
  const struct {
    std::string bytes;
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
  for (const auto& row : rows) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, row.bytes.size()}) {
      EXPECT_EQ(Count(row.bytes, step), row.expected) << &row - rows << " in steps of " << step;
    }
  }
}

TEST(H2Meter, PassesThePreface) {
  EXPECT_EQ(Count("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Times(4, Frame(3, 0, 4)), 5, /*preface=*/true), Cause::kResetFlood);
}

TEST(H2Meter, StopsBeforeWhatComesBehindTheFault) {
  H2Meter meter(kLimits, false);
  const std::string bytes = Times(4, Frame(3, 0, 4)) + Frame(0, 0, 50);
  EXPECT_LT(meter.See(bytes, TimePoint() + std::chrono::hours(1)), bytes.size());
  EXPECT_EQ(meter.fault(), Cause::kResetFlood);
}

TEST(H2Meter, DataThatWeSendExplainsWindowUpdates) {
  H2Meter meter(kLimits, false);
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  for (int i = 0; i < 1000; ++i) {
    meter.SentData(/*whole=*/true);
    meter.See(Times(2, Frame(8, 0, 4)), now);
  }
  EXPECT_EQ(meter.fault(), Cause::kNone);
}

TEST(H2Meter, DribblesThatASmallWindowForcesExplainNothing) {
  H2Meter meter(kLimits, false);
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  for (int i = 0; i < 100; ++i) {
    meter.SentData(/*whole=*/false);
    meter.See(Frame(8, 0, 4), now);
  }
  EXPECT_EQ(meter.fault(), Cause::kControlFlood);
}

TEST(H2Meter, KnowsWhenASectionIsOpen) {
  H2Meter meter(kLimits, false);
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  meter.See(Frame(1, 0, 4), now);
  EXPECT_TRUE(meter.within_section());
  meter.See(Frame(9, 4, 4), now);
  EXPECT_FALSE(meter.within_section());
}

TEST(H2Meter, ASectionIsOpenUntilItsLastByteHasCome) {
  H2Meter meter(kLimits, false);
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  const std::string head = Frame(1, 4, 10);
  meter.See(head.substr(0, 9), now);
  EXPECT_TRUE(meter.within_section());
  meter.See(head.substr(9, 9), now);
  EXPECT_TRUE(meter.within_section());
  meter.See(head.substr(18), now);
  EXPECT_FALSE(meter.within_section());
  EXPECT_EQ(meter.sections(), 1U);
  meter.See(Frame(0, 0, 50).substr(0, 20), now);
  EXPECT_FALSE(meter.within_section()) << "what is missing is of a body";
  meter.See(std::string(39, 'x') + head + head.substr(0, 12), now);
  EXPECT_TRUE(meter.within_section());
  EXPECT_EQ(meter.sections(), 3U);
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
