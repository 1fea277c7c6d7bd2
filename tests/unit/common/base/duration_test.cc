// Goal: durations are read as people mean them, refused when nobody can know, and written so that they read back. Method: tables, then random
// values (the seed is printed).
#include "common/base/duration.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/base/status.h"

namespace switchyard {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Duration, ReadsBackExactlyUpToItsLongest) {
  for (const char* text : {"300d1ns", "32850d123ms456us789ns", "36500d"}) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(FormatDuration(*parsed), text);
  }
}

TEST(Duration, ReadsEveryUnitFractionsAndSums) {
  const std::vector<std::pair<std::string, Duration>> cases = {
      {"0", 0ns},       {"0s", 0ns},      {"1ns", 1ns},   {"7us", 7us},     {"250ms", 250ms},       {"1.5s", 1500ms},   {"10m", 10min},
      {"24h", 24h},     {"1d", 24h},      {"1h30m", 90min}, {"1m30s", 90s}, {"1d2h3m4s5ms6us7ns", 26h + 3min + 4s + 5ms + 6us + 7ns},
      {"0.1s", 100ms},  {"0.25h", 15min}, {".5s", 500ms}, {"007s", 7s},     {"36500d", 36'500 * 24h}};
  for (const auto& [text, expected] : cases) {
    const absl::StatusOr<Duration> value = ParseDuration(text);
    ASSERT_TRUE(value.ok()) << text << ": " << value.status();
    EXPECT_EQ(*value, expected) << text;
  }
}

TEST(Duration, RefusesWhatHasNoClearMeaning) {
  for (const std::string text : {"", "5", "0.0", "s", "ms", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1min", "1.2.3s", "1e3s", ".s", ".", "1s2", "0x1s", "1,5s",
                                 "inf", "nan", "1w", "9999999999999999999s"}) {
    const absl::StatusOr<Duration> value = ParseDuration(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(value.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(Message(value.status())), HasSubstr("\"" + text + "\""));
  }
}

TEST(Duration, RefusesMoreThanAHundredYears) {
  for (const std::string text : {"36501d", "36500d1s", "99999999999h", "999999999999999999d"}) {
    EXPECT_THAT(std::string(Message(ParseDuration(text).status())), HasSubstr("is longer than 100 years")) << text;
  }
}

TEST(Duration, QuotesOnlyTheStartOfALongText) { EXPECT_LT(Message(ParseDuration(std::string(100'000, 'x')).status()).size(), 200U); }

TEST(Duration, WritesTheShortestExactForm) {
  EXPECT_EQ(FormatDuration(0ns), "0s");
  EXPECT_EQ(FormatDuration(250ms), "250ms");
  EXPECT_EQ(FormatDuration(90min), "1h30m");
  EXPECT_EQ(FormatDuration(60s), "1m");
  EXPECT_EQ(FormatDuration(24h), "1d");
  EXPECT_EQ(FormatDuration(1s + 1ns), "1s1ns");
  EXPECT_EQ(FormatDuration(-5s), "-5s");
}

TEST(Duration, ReadsBackWhatItWrote) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    // A random magnitude, to the nanosecond up to 2^53 ns (104 days), and to the second up to 100 years.
    const bool fine = random.Below(2) == 0;
    const std::uint64_t bits = random.Next() >> (fine ? 11U + random.Below(53) : 33U + random.Below(31));
    const Duration value = fine ? Duration(static_cast<std::int64_t>(bits)) : std::chrono::seconds(static_cast<std::int64_t>(bits));
    const absl::StatusOr<Duration> back = ParseDuration(FormatDuration(value));
    ASSERT_TRUE(back.ok()) << FormatDuration(value) << back.status();
    ASSERT_EQ(*back, value) << FormatDuration(value);
  }
}

TEST(Duration, RoundsForPeople) {
  EXPECT_EQ(FormatDurationRounded(0ns), "0ns");
  EXPECT_EQ(FormatDurationRounded(999ns), "999ns");
  EXPECT_EQ(FormatDurationRounded(1234us), "1.23ms");
  EXPECT_EQ(FormatDurationRounded(192s), "3m12s");
  EXPECT_EQ(FormatDurationRounded(2h), "2h");
  EXPECT_EQ(FormatDurationRounded(49h + 59min), "2d1h");
  EXPECT_EQ(FormatDurationRounded(-1500ms), "-1.5s");
}

}  // namespace
}  // namespace switchyard
