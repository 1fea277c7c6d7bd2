// Goal: what ToYaml and ToJson write is read back to the same message, whatever the message holds. Method: random messages; the seed is printed.
#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/config/snapshot_digest.h"
#include "common/config/yaml_codec.h"
#include "tests/unit/common/config/random_resource.h"

namespace switchyard::config {
namespace {

constexpr int kRounds = 1'000;

std::string AllOf(const ViolationList& violations) {
  std::string out;
  for (const v1::Violation& violation : violations.kept()) out += ToString(violation) + "\n";
  return out;
}

void ExpectReadsBackTo(const v1::Resource& expected, const std::string& text) {
  ViolationList violations;
  const ParsedResources parsed = ParseResources(text, "round-trip", violations);
  ASSERT_TRUE(violations.empty()) << AllOf(violations) << text;
  ASSERT_EQ(parsed.resources.size(), 1U);
  ASSERT_EQ(CanonicalBytes(parsed.resources[0]), CanonicalBytes(expected)) << text << expected.DebugString() << parsed.resources[0].DebugString();
}

TEST(YamlRoundTrip, HoldsForYaml) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < kRounds && !testing::Test::HasFatalFailure(); ++i) {
    const v1::Resource resource = tests::RandomResource(random);
    ExpectReadsBackTo(resource, ToYaml(resource));
  }
}

TEST(YamlRoundTrip, HoldsForJsonWithOutputFields) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < kRounds && !testing::Test::HasFatalFailure(); ++i) {
    const v1::Resource resource = tests::RandomResource(random);
    const std::string text = ToJson(resource);
    ExpectReadsBackTo(resource, text);
    ViolationList violations;
    const v1::Resource back = ParseResources(text, "", violations).resources.at(0);
    ASSERT_EQ(back.generation(), resource.generation());
    ASSERT_EQ(back.updated().seconds(), resource.updated().seconds());
    ASSERT_EQ(back.updated().nanos(), resource.updated().nanos());
  }
}

TEST(YamlRoundTrip, HoldsForManyResourcesInOneText) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  std::string text;
  for (int i = 0; i < 50; ++i) {
    v1::Resource resource = tests::RandomResource(random);
    resource.set_name("r" + std::to_string(i));
    text += "---\n" + ToYaml(resource);
  }
  ViolationList violations;
  EXPECT_EQ(ParseResources(text, "many", violations).resources.size(), 50U);
  EXPECT_TRUE(violations.empty()) << AllOf(violations);
}

}  // namespace
}  // namespace switchyard::config
