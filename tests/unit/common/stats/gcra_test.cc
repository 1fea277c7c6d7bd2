// Goal: a rate holds over time and a burst is as long as it says. Method: simulated arrivals.
#include "common/stats/gcra.h"

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace switchyard::stats {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Gcra, AdmitsABurstAndThenTheRate) {
  const Gcra rate = Gcra::Of(10, kSecond, 5);
  std::int64_t due = 0;
  int admitted = 0;
  for (int i = 0; i < 20; ++i) {
    const Gcra::Decision decision = rate.Decide(due, kSecond);
    if (!decision.admitted) continue;
    due = decision.next;
    ++admitted;
  }
  EXPECT_EQ(admitted, 5);
  const Gcra::Decision late = rate.Decide(due, kSecond);
  EXPECT_FALSE(late.admitted);
  EXPECT_EQ(late.wait, kSecond / 10);
  EXPECT_TRUE(rate.Decide(due, kSecond + late.wait).admitted);
  EXPECT_FALSE(rate.Decide(due, kSecond + late.wait - 1).admitted);
}

TEST(Gcra, NeverAdmitsMoreThanBurstPlusRate) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 50; ++round) {
    const std::uint64_t requests = 1 + random.Below(1000);
    const std::uint64_t burst = 1 + random.Below(100);
    const Gcra rate = Gcra::Of(requests, kSecond, burst);
    std::int64_t now = 5 * kSecond;
    const std::int64_t start = now;
    std::int64_t due = 0;
    std::uint64_t admitted = 0;
    for (int i = 0; i < 5000; ++i) {
      now += static_cast<std::int64_t>(random.Below(2'000'000));
      const Gcra::Decision decision = rate.Decide(due, now);
      if (!decision.admitted) continue;
      due = decision.next;
      ++admitted;
      ASSERT_LE(admitted, burst + static_cast<std::uint64_t>((now - start) / rate.interval));
    }
  }
}

TEST(Gcra, HoldsTheLargestNumbersThatAResourceMayName) {
  const Gcra slow = Gcra::Of(1, 24 * 3600 * kSecond, 1'000'000);
  EXPECT_TRUE(slow.Decide(0, kSecond).admitted);
  const Gcra fast = Gcra::Of(1'000'000'000, 1'000'000, 1'000'000);
  EXPECT_EQ(fast.interval, 1);
}

}  // namespace
}  // namespace switchyard::stats
