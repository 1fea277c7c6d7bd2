// Goal: patterns cover whole texts, are bounded in cost, and the range check never hides a match.
// Method: tables; random texts against patterns with and without the check.
#include "common/rules/pattern.h"

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/base/status.h"

namespace switchyard::rules {
namespace {

TEST(Pattern, CoversTheWholeText) {
  const auto pattern = Pattern::Compile("/v[0-9]+/.*");
  ASSERT_TRUE(pattern.ok());
  EXPECT_TRUE(pattern->Matches("/v1/x"));
  EXPECT_TRUE(pattern->Matches("/v12/"));
  EXPECT_FALSE(pattern->Matches("/v1"));
  EXPECT_FALSE(pattern->Matches("x/v1/x"));
  EXPECT_TRUE(pattern->Matches("/v1/\xff\xfe"));
}

TEST(Pattern, RefusesWhatIsWrongOrTooCostly) {
  EXPECT_NE(Message(Pattern::Compile("(").status()).find("not a regular expression"), std::string_view::npos);
  EXPECT_NE(Message(Pattern::Compile("").status()).find("is empty"), std::string_view::npos);
  EXPECT_NE(Message(Pattern::Compile("(a{1000}){1000}").status()).find("repetition"), std::string_view::npos);
  EXPECT_NE(Message(Pattern::Compile("((a{100}){3}[b-y]{300}[c-z]{300}){3}").status()).find("too costly"), std::string_view::npos);
  EXPECT_NE(Message(Pattern::Compile(std::string(1025, 'a')).status()).find("at most 1024"), std::string_view::npos);
  EXPECT_FALSE(Pattern::Compile("(a)\\1").ok()) << "back-references have no bound in time";
}

TEST(Pattern, TheRangeCheckHidesNoMatch) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  // `(?:x|)` around a pattern leaves its meaning and takes its range away.
  const char* patterns[] = {"/a.*", "(/a|/b)c?", "[a-c]+", "/ab*", ".*b", "(?i)/ab", "/a\\.b|/c", "^/a", "(/a)?b"};
  for (const char* text : patterns) {
    const auto ranged = Pattern::Compile(text);
    const auto plain = Pattern::Compile(std::string("(?:") + text + ")|.*\\x00never");
    ASSERT_TRUE(ranged.ok() && plain.ok()) << text;
    for (int i = 0; i < 2000; ++i) {
      std::string input;
      for (std::uint64_t length = random.Below(5); length > 0; --length) input += "/abcAB."[random.Below(7)];
      ASSERT_EQ(ranged->Matches(input), plain->Matches(input)) << text << " on " << input;
    }
  }
}

TEST(Pattern, ReplacesEveryOccurrenceWithinABound) {
  const auto pattern = Pattern::Compile("/v([0-9]+)");
  ASSERT_TRUE(pattern.ok());
  std::string text = "/v1/v22/x";
  EXPECT_EQ(pattern->Replace(text, "/version-\\1", 100), Pattern::Replaced::kSome);
  EXPECT_EQ(text, "/version-1/version-22/x");
  EXPECT_EQ(pattern->Replace(text, "/y", 100), Pattern::Replaced::kNone);
  text = "/v1";
  EXPECT_EQ(pattern->Replace(text, "/0123456789", 5), Pattern::Replaced::kTooLong);
  EXPECT_EQ(text, "/v1");
  EXPECT_TRUE(pattern->CheckSubstitution("\\1").ok());
  EXPECT_FALSE(pattern->CheckSubstitution("\\2").ok());
}

}  // namespace
}  // namespace switchyard::rules
