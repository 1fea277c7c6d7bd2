// Goal: a limit lets a burst and then the rate through, for all threads together; the table of addresses is bounded as its header says.
// Method: a clock that is a number; threads that hammer one limiter at one instant.
#include "agent/policy/rate_limit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

namespace switchyard::agent::policy {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
rules::IpAddress Ip(const std::string& text) { return *rules::IpAddress::Parse(text); }

TEST(RouteLimiter, IsOneBudgetForAllThreads) {
  RouteLimiter limiter(stats::Gcra::Of(10, kSecond, 1000));
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        if (limiter.Admit(kSecond).admitted) ++admitted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // A request that loses 64 races in a row is refused, so under this pressure a few of the burst may be left over; never one too many.
  EXPECT_LE(admitted, 1000);
  EXPECT_GE(admitted, 990);
}

TEST(RouteLimiter, SaysHowLongToWait) {
  RouteLimiter limiter(stats::Gcra::Of(1, 10 * kSecond, 1));
  EXPECT_TRUE(limiter.Admit(kSecond).admitted);
  const Admission second = limiter.Admit(2 * kSecond);
  EXPECT_FALSE(second.admitted);
  EXPECT_EQ(RetryAfterSeconds(second.wait), 9U);
  EXPECT_TRUE(limiter.Admit(11 * kSecond).admitted);
}

TEST(RetryAfter, IsRoundedUpAndAtLeastOne) {
  EXPECT_EQ(RetryAfterSeconds(0), 1U);
  EXPECT_EQ(RetryAfterSeconds(1), 1U);
  EXPECT_EQ(RetryAfterSeconds(kSecond), 1U);
  EXPECT_EQ(RetryAfterSeconds(kSecond + 1), 2U);
}

TEST(ClientLimiter, CountsEachAddressByItself) {
  ClientLimiter limiter(stats::Gcra::Of(1, kSecond, 2), 1024, 7);
  for (const char* ip : {"192.0.2.1", "192.0.2.2", "2001:db8:0:1::1"}) {
    EXPECT_TRUE(limiter.Admit(Ip(ip), kSecond).admitted) << ip;
    EXPECT_TRUE(limiter.Admit(Ip(ip), kSecond).admitted) << ip;
    EXPECT_FALSE(limiter.Admit(Ip(ip), kSecond).admitted) << ip;
  }
  EXPECT_FALSE(limiter.Admit(Ip("2001:db8:0:1:ffff::9"), kSecond).admitted) << "the same /64";
  EXPECT_TRUE(limiter.Admit(Ip("2001:db8:0:2::1"), kSecond).admitted) << "another /64";
  EXPECT_FALSE(limiter.Admit(Ip("::ffff:192.0.2.1"), kSecond).admitted) << "the same address in other words";
}

TEST(ClientLimiter, RoundsItsSizeUp) {
  EXPECT_EQ(ClientLimiter(stats::Gcra::Of(1, kSecond, 1), 1000, 1).capacity(), 1024U);
  EXPECT_EQ(ClientLimiter(stats::Gcra::Of(1, kSecond, 1), 1, 1).capacity(), 8U);
}

TEST(ClientLimiter, ForgetsWhoOwesLeastWhenABucketIsFull) {
  ClientLimiter limiter(stats::Gcra::Of(1, kSecond, 10), 8, 7);  // one bucket
  // The first owes one request, the second two, and so on.
  for (int client = 1; client <= 8; ++client) {
    for (int i = 0; i < client; ++i) ASSERT_TRUE(limiter.Admit(Ip(fmt::format("10.0.0.{}", client)), kSecond).admitted);
  }
  EXPECT_TRUE(limiter.Admit(Ip("10.0.0.9"), kSecond).admitted) << "a new one takes the place of the one that owes least";
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(limiter.Admit(Ip("10.0.0.8"), kSecond).admitted);
  EXPECT_FALSE(limiter.Admit(Ip("10.0.0.8"), kSecond).admitted) << "the one that owes most is remembered";
}

}  // namespace
}  // namespace switchyard::agent::policy
