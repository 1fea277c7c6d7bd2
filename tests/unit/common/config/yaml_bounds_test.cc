// Goal: no text, however large or strange, costs more than its bounds say or goes unexplained. Method: texts just beyond each bound, and
// mutated good ones; times are generous, because what is looked for is the difference between linear and not.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/config/yaml_codec.h"

namespace switchyard::config {
namespace {

using testing::HasSubstr;

std::string Repeat(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string First(const ViolationList& violations) { return violations.empty() ? "" : ToString(violations.kept().front()); }

TEST(YamlBounds, ReadsAHundredThousandBackendsInReasonableTime) {
  const SystemClock clock;
  const TimePoint start = clock.Now();
  const std::string text = "kind: Upstream\nname: big\nspec:\n  backends:\n" + Repeat("    - {address: \"10.0.0.1:8080\", weight: 1}\n", 100'000);
  ViolationList violations;
  const ParsedResources parsed = ParseResources(text, "big.yaml", violations);
  EXPECT_TRUE(violations.empty()) << First(violations);
  ASSERT_EQ(parsed.resources.size(), 1U);
  EXPECT_EQ(parsed.resources[0].upstream().backends_size(), 100'000);
  EXPECT_LT(clock.Now() - start, std::chrono::seconds(30));
}

TEST(YamlBounds, RefusesAnOversizedText) {
  ViolationList violations;
  ParseResources(std::string(kMaxInputBytes + 1, ' '), "x", violations);
  EXPECT_EQ(First(violations), "x: has 67108865 bytes, more than 64 MiB; split it");
}

TEST(YamlBounds, EndsWhereTheParserGoesRoundInCircles) {
  ViolationList violations;
  ParseResources(",--\nklNULL!maUd", "x", violations);
  EXPECT_THAT(First(violations), HasSubstr("is not YAML: it makes more values than it has characters"));
}

TEST(YamlBounds, ReadsTheDensestMaps) {
  ViolationList violations;
  ParseResources("? :\n", "x", violations);
  EXPECT_THAT(First(violations), testing::Not(HasSubstr("more values than")));
}

TEST(YamlBounds, RefusesMoreResourcesThanOneChangeMayHold) {
  std::string text;
  for (std::size_t i = 0; i <= kMaxResources; ++i) text += "- {kind: Upstream, name: u" + std::to_string(i) + ", spec: {}}\n";
  ViolationList violations;
  EXPECT_EQ(ParseResources(text, "x", violations).resources.size(), kMaxResources);
  EXPECT_EQ(violations.total(), 1U);
  EXPECT_EQ(First(violations), "x:20001:3: is more than 20000 resources; apply them in parts");
}

TEST(YamlBounds, RefusesDeepNesting) {
  for (const std::string& text : {Repeat("[", 200'000), Repeat("- ", 200'000), Repeat("{a: ", 200'000), Repeat("? ", 200'000)}) {
    ViolationList violations;
    ParseResources(text, "x", violations);
    EXPECT_EQ(violations.total(), 1U);
    EXPECT_THAT(First(violations), testing::AnyOf(HasSubstr("is nested deeper than 32 levels"), HasSubstr("is not valid YAML")));
  }
}

TEST(YamlBounds, EndsAnAliasBomb) {
  // 3,000 aliases in a resource, and 5,000 aliases of the resource, stand for 45 million values.
  std::string text = "- &r {kind: Upstream, name: a, spec: {backends: [&b {labels: {k: v, x: y}}";
  for (int i = 0; i < 3'000; ++i) text += ", *b";
  text += "]}}\n";
  for (int i = 0; i < 5'000; ++i) text += "- *r\n";
  ViolationList violations;
  ParseResources(text, "x", violations);
  bool told = false;
  for (const v1::Violation& v : violations.kept()) told = told || v.reason().find("with its aliases followed") != std::string::npos;
  EXPECT_TRUE(told) << First(violations);
}

TEST(YamlBounds, EndsAnAliasBombOfUnknownFields) {
  // Followed to the end, 5,000 aliases of 5,000 mistakes are 25 million violations.
  std::string text = "kind: Upstream\nname: u\nspec:\n  backends:\n    - &b {";
  for (int i = 0; i < 5'000; ++i) text += "z" + std::to_string(i) + ": 1, ";
  text += "zone: z}\n" + Repeat("    - *b\n", 5'000);
  ViolationList violations;
  ParseResources(text, "x", violations);
  EXPECT_LE(violations.total(), kMaxNodes);
  EXPECT_EQ(violations.kept().size(), ViolationList::kMaxKept);
}

TEST(YamlBounds, EndsAnAliasBombOfRepeatedFields) {
  std::string text = "kind: Upstream\nname: u\nspec:\n  backends:\n    - &b {" + Repeat("zone: z, ", 5'000) + "}\n" + Repeat("    - *b\n", 5'000);
  ViolationList violations;
  ParseResources(text, "x", violations);
  EXPECT_LE(violations.total(), kMaxNodes);
}

TEST(YamlBounds, RefusesMoreBracketsThanTheParserShouldHold) {
  ViolationList violations;
  ParseResources(Repeat("[]", kMaxNodes / 2 + 1), "x", violations);
  EXPECT_EQ(First(violations), "x: has more than 5000000 brackets and commas; split it");
}

TEST(YamlBounds, CountsAFloodOfMistakesCheaply) {
  const SystemClock clock;
  const TimePoint start = clock.Now();
  std::string text = "kind: Upstream\nname: u\nspec:\n";
  for (int i = 0; i < 200'000; ++i) text += "  conect_timeout" + std::to_string(i) + ": 1s\n";
  ViolationList violations;
  ParseResources(text, "x", violations);
  EXPECT_EQ(violations.total(), 200'000U);
  EXPECT_EQ(violations.kept().size(), ViolationList::kMaxKept);
  EXPECT_LT(clock.Now() - start, std::chrono::seconds(30));
}

TEST(YamlBounds, CutsLongTextsInReasons) {
  ViolationList violations;
  ParseResources("kind: Listener\nname: l\nspec: {port: " + std::string(100'000, 'x') + "}\n", "x", violations);
  ASSERT_EQ(violations.total(), 1U);
  EXPECT_LT(First(violations).size(), 300U);
}

// A good text with random bytes changed, cut and doubled: the answer may be anything, but there is one, and it is sound.
TEST(YamlBounds, SurvivesMutatedTexts) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const std::string good =
      "kind: Upstream\nname: checkout\nlabels: {team: &t payments, x: *t}\nspec:\n  backends:\n    - {address: \"10.0.0.1:8080\", weight: 0}\n"
      "    - address: 10.0.0.2:8080\n      state: draining\n  health_check: {interval: 1m, http: {path: '/h', expected_statuses: [200, 204]}}\n"
      "---\n{\"kind\": \"Listener\", \"name\": \"l\", \"spec\": {\"port\": 80, \"address\": |\n  text\n}}\n";
  static constexpr std::string_view kBytes = "\n\r\t :-[]{},&*!|>'\"%@`#?~\\0a\x01\x80\xff";
  for (int round = 0; round < 3'000; ++round) {
    std::string text = good;
    for (std::uint64_t n = 1 + random.Below(6); n > 0 && !text.empty(); --n) {
      const std::size_t at = random.Below(text.size());
      switch (random.Below(4)) {
        case 0:
          text[at] = kBytes[random.Below(kBytes.size())];
          break;
        case 1:
          text.insert(at, 1, kBytes[random.Below(kBytes.size())]);
          break;
        case 2:
          text.erase(at, random.Below(20));
          break;
        default:
          text.insert(at, text.substr(random.Below(text.size()), random.Below(40)));
      }
    }
    ViolationList violations;
    const ParsedResources parsed = ParseResources(text, "x", violations);
    ASSERT_FALSE(parsed.resources.empty() && violations.empty()) << text;
    for (const v1::Resource& resource : parsed.resources) ASSERT_FALSE(ToJson(resource).empty());
  }
}

}  // namespace
}  // namespace switchyard::config
