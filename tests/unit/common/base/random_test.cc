// Goal: the generator is the one that its papers describe, so that a seed means the same everywhere, and its ranges are fair. Method: first outputs
// computed apart from this code, and counts far inside what chance allows for fixed seeds.
#include "common/base/random.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace switchyard {
namespace {

TEST(Random, IsXoshiro256StarStarSeededBySplitMix64) {
  Random zero(0);
  for (const std::uint64_t expected : {0x99ec5f36cb75f2b4U, 0xbf6e1f784956452aU, 0x1a5f849d4933e6e0U}) EXPECT_EQ(zero.Next(), expected);
  Random other(42);
  for (const std::uint64_t expected : {0x15780b2e0c2ec716U, 0x6104d9866d113a7eU, 0xae17533239e499a1U}) EXPECT_EQ(other.Next(), expected);
}

TEST(Random, GivesTheSameSequenceForTheSameSeed) {
  Random a(42);
  Random b(42);
  Random c(43);
  int equal = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t next = a.Next();
    ASSERT_EQ(next, b.Next());
    equal += next == c.Next() ? 1 : 0;
  }
  EXPECT_EQ(equal, 0);
}

TEST(Random, WorksFromTheSeedZero) {
  Random random(0);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.Next());
  EXPECT_EQ(seen.size(), 1'000U);
}

TEST(Random, StaysBelowTheBoundAndReachesAllOfIt) {
  Random random(7);
  std::array<int, 10> counts{};
  for (int i = 0; i < 100'000; ++i) ++counts.at(random.Below(10));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(random.Below(1), 0U);
  for (int i = 0; i < 1'000; ++i) EXPECT_LT(random.Below(UINT64_MAX), UINT64_MAX);
}

TEST(Random, UnitIsUniformAndNeverOne) {
  Random random(8);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double unit = random.Unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    sum += unit;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

TEST(SecureRandom, GivesAsManyBytesAsAskedAndNeverTheSame) {
  EXPECT_EQ(SecureBytes(0), "");
  EXPECT_EQ(SecureBytes(1'000).size(), 1'000U);
  EXPECT_NE(SecureBytes(32), SecureBytes(32));
  EXPECT_NE(SecureSeed(), SecureSeed());
}

TEST(SecureRandom, WritesLowerCaseHex) {
  const std::string hex = SecureHex(16);
  EXPECT_EQ(hex.size(), 32U);
  EXPECT_EQ(hex.find_first_not_of("0123456789abcdef"), std::string::npos);
}

}  // namespace
}  // namespace switchyard
