// Goal: every balancer gives each backend its share, leaves out those that may not take traffic, and never names one that is not there.
// Method: 100,000 picks with fixed facts, or with requests that end at random; seeds are printed.
#include "agent/balancer/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::agent::balancer {
namespace {

constexpr int kPicks = 100'000;
// In the order of Kind.
constexpr std::array<std::string_view, 9> kKindNames = {"RoundRobin", "LeastRequest", "Random",  "PeakEwma",  "Adaptive",
                                                        "Prequal",    "RingHash",     "Maglev",  "Rendezvous"};

std::vector<BackendFacts> Facts(const std::vector<std::uint32_t>& weights) {
  std::vector<BackendFacts> facts;
  for (const std::uint32_t weight : weights) facts.push_back({.weight = weight});
  return facts;
}

std::unique_ptr<Balancer> Make(Kind kind, const std::vector<BackendFacts>& facts, Random& random) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < facts.size(); ++i) members.push_back({Mix(i), facts[i].weight, 0, true});
  const auto plan = MakePlan({.kind = kind, .hash_bound = 1.25}, members);
  static const Plan::Group kNobody;
  return MakeBalancer(*plan, plan->groups.empty() ? kNobody : plan->groups[0], facts, random);
}

View Seen(const std::vector<BackendFacts>& facts, std::size_t avoid = kNone) {
  View view;
  view.backends = facts;
  view.avoid = avoid;
  for (const BackendFacts& fact : facts) {
    view.all_shares += ShareOf(fact);
    view.all_in_flight += fact.in_flight;
  }
  return view;
}

class BalancerTest : public testing::TestWithParam<int> {
 protected:
  // A ring is uneven by nature; the others keep to 2 %.
  static double tolerance() { return kind() == Kind::kRingHash ? 0.15 : 0.02; }
  static Kind kind() { return static_cast<Kind>(GetParam()); }

  // Shares of the picks while about `concurrency` requests are in flight, each ending in the order in which it began.
  std::vector<double> Shares(std::vector<BackendFacts> facts, std::size_t concurrency = 0, std::size_t avoid = kNone) {
    const auto balancer = Make(kind(), facts, random_);
    std::vector<double> shares(facts.size(), 0);
    std::deque<std::size_t> flight;
    for (int i = 0; i < kPicks; ++i) {
      const std::size_t at = balancer->Pick(Seen(facts, avoid), std::nullopt, random_);
      if (at >= facts.size()) return {};
      shares[at] += 1.0 / kPicks;
      ++facts[at].in_flight;
      flight.push_back(at);
      while (flight.size() > concurrency) {
        --facts[flight.front()].in_flight;
        flight.pop_front();
      }
    }
    return shares;
  }

  void ExpectShares(const std::vector<double>& shares, const std::vector<double>& weights) {
    ASSERT_EQ(shares.size(), weights.size());
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(shares[i], weights[i] / sum, tolerance()) << "backend " << i;
  }

  const std::uint64_t seed_ = SecureSeed();
  Random random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_P(BalancerTest, EqualWeightsGetEqualShares) {
  ExpectShares(Shares(Facts({1, 1, 1, 1, 1})), {1, 1, 1, 1, 1});
  ExpectShares(Shares(Facts({7, 7, 7}), 30), {1, 1, 1});
}

TEST_P(BalancerTest, SharesFollowWeightsWhenNothingIsInFlight) {
  ExpectShares(Shares(Facts({1, 3})), {1, 3});
  ExpectShares(Shares(Facts({1, 2, 3, 4})), {1, 2, 3, 4});
  ExpectShares(Shares(Facts({10'000, 1, 5'000})), {10'000, 1, 5'000});
}

TEST_P(BalancerTest, SharesFollowWeightsUnderLoad) {
  ExpectShares(Shares(Facts({1, 3}), 200), {1, 3});
  ExpectShares(Shares(Facts({1, 2, 3, 4}), 200), {1, 2, 3, 4});
}

TEST_P(BalancerTest, WeightZeroTakesNothing) {
  ExpectShares(Shares(Facts({0, 1, 1})), {0, 1, 1});
  EXPECT_EQ(Shares(Facts({0, 1, 0}))[1], Shares(Facts({1}))[0]);
}

TEST_P(BalancerTest, UnusableTakesNothingAndTheOthersKeepTheirProportions) {
  std::vector<BackendFacts> facts = Facts({1000, 1, 3});
  facts[0].usable = false;
  const std::vector<double> shares = Shares(facts);
  ASSERT_EQ(shares.size(), 3U);
  EXPECT_EQ(shares[0], 0);
  EXPECT_NEAR(shares[1], 0.25, tolerance());
  EXPECT_NEAR(shares[2], 0.75, tolerance());
}

TEST_P(BalancerTest, FewUsableAmongManySharesEvenly) {
  std::vector<BackendFacts> facts = Facts(std::vector<std::uint32_t>(100, 1));
  for (BackendFacts& fact : facts) fact.usable = false;
  facts[3].usable = facts[4].usable = facts[90].usable = true;
  const std::vector<double> shares = Shares(facts, 10);
  ASSERT_EQ(shares.size(), 100U);
  for (const std::size_t at : {3, 4, 90}) EXPECT_NEAR(shares[at], 1.0 / 3, tolerance()) << at;
}

TEST_P(BalancerTest, AvoidedIsLeftOutWhileAnotherIsLeft) {
  EXPECT_EQ(Shares(Facts({5, 1, 1}), 0, 0).at(0), 0);
  EXPECT_EQ(Shares(Facts({5}), 0, 0).at(0), Shares(Facts({5})).at(0));
  std::vector<BackendFacts> facts = Facts({1, 1});
  facts[1].usable = false;
  EXPECT_NEAR(Shares(facts, 0, 0).at(0), 1.0, 1e-6);
}

TEST_P(BalancerTest, NothingUsableIsNone) {
  std::vector<BackendFacts> facts = Facts({1, 1});
  for (BackendFacts& fact : facts) fact.usable = false;
  const auto balancer = Make(kind(), facts, random_);
  EXPECT_EQ(balancer->Pick(Seen(facts), std::nullopt, random_), kNone);
  EXPECT_EQ(balancer->Pick(Seen(facts, 0), std::nullopt, random_), kNone);
  const std::vector<BackendFacts> none;
  EXPECT_EQ(Make(kind(), none, random_)->Pick(Seen(none), std::nullopt, random_), kNone);
  const std::vector<BackendFacts> weightless = Facts({0, 0});
  EXPECT_EQ(Make(kind(), weightless, random_)->Pick(Seen(weightless), std::nullopt, random_), kNone);
}

TEST_P(BalancerTest, BackendThatComesBackGetsItsShareAndNoMore) {
  std::vector<BackendFacts> facts = Facts({1, 1, 1});
  const auto balancer = Make(kind(), facts, random_);
  facts[0].usable = false;
  for (int i = 0; i < 10'000; ++i) EXPECT_NE(balancer->Pick(Seen(facts), std::nullopt, random_), 0U);
  facts[0].usable = true;
  int first = 0;
  for (int i = 0; i < 3'000; ++i) first += balancer->Pick(Seen(facts), std::nullopt, random_) == 0 ? 1 : 0;
  EXPECT_NEAR(first / 3'000.0, 1.0 / 3, 0.03 + tolerance());
}

TEST_P(BalancerTest, RandomFactsNeverGiveAnUnusableBackend) {
  for (int round = 0; round < 2'000; ++round) {
    std::vector<BackendFacts> facts;
    for (std::uint64_t n = random_.Below(8); n > 0; --n) facts.push_back({.weight = static_cast<std::uint32_t>(random_.Below(4))});
    const auto balancer = Make(kind(), facts, random_);
    for (int pick = 0; pick < 20; ++pick) {
      for (BackendFacts& fact : facts) {
        fact.usable = random_.Below(2) == 0;
        fact.in_flight = static_cast<std::uint32_t>(random_.Below(100));
      }
      const std::size_t avoid = random_.Below(2) == 0 ? kNone : random_.Below(8);
      const auto may = [&](std::size_t at) { return facts[at].usable && facts[at].weight > 0; };
      std::size_t others = 0;
      for (std::size_t i = 0; i < facts.size(); ++i) others += i != avoid && may(i) ? 1 : 0;
      const std::size_t at = balancer->Pick(Seen(facts, avoid), std::nullopt, random_);
      if (others > 0) {
        ASSERT_LT(at, facts.size());
        ASSERT_TRUE(may(at));
        ASSERT_NE(at, avoid);
      } else if (avoid < facts.size() && may(avoid)) {
        ASSERT_EQ(at, avoid);
      } else {
        ASSERT_EQ(at, kNone);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, BalancerTest, testing::Range(0, static_cast<int>(kKindNames.size())),
                         [](const auto& instance) { return std::string(kKindNames[static_cast<std::size_t>(instance.param)]); });

TEST_P(BalancerTest, TiltedBackendTakesLessThanItsWeight) {
  std::vector<BackendFacts> facts = Facts({1, 1, 1, 1, 1});
  facts[2].tilt = 0.1F;
  const std::vector<double> shares = Shares(facts, 10);
  ASSERT_EQ(shares.size(), 5U);
  EXPECT_LT(shares[2], 0.06);
  EXPECT_GT(shares[2], 0.005);
}

TEST(RoundRobin, IsSmoothOverAnyWindow) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::vector<std::uint32_t> weights = {5, 1, 1, 3};
  const std::vector<BackendFacts> facts = Facts(weights);
  const auto balancer = Make(Kind::kRoundRobin, facts, random);
  std::vector<std::size_t> picks;
  for (int i = 0; i < 5'000; ++i) picks.push_back(balancer->Pick(Seen(facts), std::nullopt, random));
  // In every window the picks of a backend differ from its share by less than two.
  for (const std::size_t window : {2, 5, 10, 37, 100}) {
    for (std::size_t from = 0; from + window <= picks.size(); from += 7) {
      for (std::size_t backend = 0; backend < weights.size(); ++backend) {
        const auto begin = picks.begin() + static_cast<std::ptrdiff_t>(from);
        const auto count = std::count(begin, begin + static_cast<std::ptrdiff_t>(window), backend);
        ASSERT_LT(std::abs(static_cast<double>(count) - static_cast<double>(window) * weights[backend] / 10.0), 2.0)
            << window << ' ' << backend;
      }
    }
  }
}

TEST(RoundRobin, FirstPicksOfManyWorkersAreSpread) {
  Random random(SecureSeed());
  const std::vector<BackendFacts> facts = Facts({1, 1, 1, 1});
  std::vector<int> firsts(4, 0);
  for (int i = 0; i < 4'000; ++i) ++firsts[Make(Kind::kRoundRobin, facts, random)->Pick(Seen(facts), std::nullopt, random)];
  for (const int count : firsts) EXPECT_NEAR(count, 1'000, 200);
}

TEST(LeastRequest, FewerInFlightPerWeightWins) {
  Random random(1);
  std::vector<BackendFacts> facts = Facts({1, 1});
  facts[0].in_flight = 5;
  const auto balancer = Make(Kind::kLeastRequest, facts, random);
  int second = 0;
  for (int i = 0; i < 1'000; ++i) second += balancer->Pick(Seen(facts), std::nullopt, random) == 1 ? 1 : 0;
  EXPECT_GE(second, 990);
}

// A backend that answers at once with errors has nothing in flight.
TEST(LeastRequest, FailingFastAttractsNobody) {
  Random random(1);
  std::vector<BackendFacts> facts = Facts({1, 1, 1, 1});
  for (std::size_t i = 0; i < 3; ++i) facts[i].in_flight = 3;
  facts[3].charge = 10;
  const auto balancer = Make(Kind::kLeastRequest, facts, random);
  for (int i = 0; i < 1'000; ++i) EXPECT_NE(balancer->Pick(Seen(facts), std::nullopt, random), 3U);
}

TEST(LeastRequest, SlowBackendGetsFewerRequests) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::vector<BackendFacts> facts = Facts({1, 1, 1, 1});
  const auto balancer = Make(Kind::kLeastRequest, facts, random);
  // Each step one request begins; those of backend 0 last 10 times as long as the others'.
  std::deque<std::pair<int, std::size_t>> ends;
  std::vector<int> counts(4, 0);
  for (int now = 0; now < 20'000; ++now) {
    for (auto it = ends.begin(); it != ends.end();) {
      if (it->first > now) {
        ++it;
        continue;
      }
      --facts[it->second].in_flight;
      it = ends.erase(it);
    }
    const std::size_t at = balancer->Pick(Seen(facts), std::nullopt, random);
    ++facts[at].in_flight;
    ++counts[at];
    ends.emplace_back(now + (at == 0 ? 200 : 20), at);
  }
  EXPECT_LT(counts[0] * 3, counts[1]);
}

}  // namespace
}  // namespace switchyard::agent::balancer
