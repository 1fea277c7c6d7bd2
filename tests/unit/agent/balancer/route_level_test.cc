// Goal: one sick endpoint behind one route is avoided by that route alone; a backend that fails everybody is avoided as soon as with one level of
// breakers; bounds, forcing, trials and capacity hold for routes as for backends. Method: the picker on simulated time, backends that fail by
// route; seeds are printed.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/balancer/picker.h"

namespace switchyard::agent::balancer {
namespace {

using breaker::Outcome;
using breaker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kBuy = 11;
constexpr std::uint64_t kLook = 22;

class RouteLevelTest : public testing::Test {
 protected:
  // How an attempt of this route at this backend ends.
  using World = std::function<Outcome(std::uint64_t route, std::size_t member)>;

  void Make(std::size_t backends, breaker::Mode mode = breaker::Mode::kEvidence, Kind kind = Kind::kRoundRobin) {
    policy_->breaker.mode = mode;
    if (mode == breaker::Mode::kCount) policy_->breaker.open_timeout = seconds(30);
    std::vector<Member> members;
    for (std::size_t i = 0; i < backends; ++i) members.push_back({Mix(i), 1, 0, true});
    policy_->plan = MakePlan({.kind = kind, .hash_bound = 1.25, .least_capacity = 0.2}, members);
    records_ = std::vector<BackendRecord>(backends);
    Renew();
  }
  // A new configuration of the same backends.
  void Renew() {
    std::vector<BackendRecord*> pointers;
    for (BackendRecord& record : records_) pointers.push_back(&record);
    picker_ = std::make_unique<Picker>(policy_, pointers, false, now_, random_);
    picker_->SetSeveralRoutes(true);
  }
  // The member it went to.
  std::size_t Send(std::uint64_t route, const World& world, Duration latency = milliseconds(5)) {
    now_ += milliseconds(1);
    if (picker_->RefreshDue(now_)) {
      for (std::size_t i = 0; i < records_.size(); ++i) picker_->SetBasis(i, true, true);
      picker_->Refresh(now_);
    }
    const std::size_t at = picker_->Pick(std::nullopt, kNone, kNone, now_, random_, route);
    if (at == kNone) return kNone;
    const Ticket ticket = picker_->Started(at, now_, route);
    const Outcome outcome = world(route, at);
    const std::string name = "r" + std::to_string(route);
    const bool by_route = picker_->Ended(at, ticket, {outcome, latency}, now_, random_, {route, name});
    told_by_route_ += by_route ? 1 : 0;
    told_ += !by_route && outcome != Outcome::kSuccess ? 1 : 0;
    return at;
  }
  // Both routes, by chance: turns could fall together with those of the backends. Returns how many of a route's went to member 0.
  std::map<std::uint64_t, int> Run(int rounds, const World& world) {
    std::map<std::uint64_t, int> at_first;
    for (int i = 0; i < 2 * rounds; ++i) {
      const std::uint64_t route = random_.Below(2) == 0 ? kBuy : kLook;
      at_first[route] += Send(route, world) == 0 ? 1 : 0;
    }
    return at_first;
  }
  // What a route learns that asks the sick endpoint six times, while others are well.
  void Sicken() {
    for (int i = 0; i < 6; ++i) {
      const Ticket ticket = picker_->Started(0, now_, kBuy);
      picker_->Ended(0, ticket, {Outcome::kServerError, milliseconds(1)}, now_, random_, {kBuy, "r11"});
    }
    ASSERT_NE(StateOf(kBuy), nullptr);
    ASSERT_EQ(StateOf(kBuy)->breaker.state(), State::kOpen);
  }
  const breaker::RouteBreaker* StateOf(std::uint64_t route, std::size_t member = 0) const {
    return records_[member].routes ? records_[member].routes->Find(route) : nullptr;
  }

  static Outcome Well(std::uint64_t, std::size_t) { return Outcome::kSuccess; }
  // One endpoint of one backend.
  static Outcome SickEndpoint(std::uint64_t route, std::size_t member) {
    return route == kBuy && member == 0 ? Outcome::kServerError : Outcome::kSuccess;
  }

  const std::uint64_t seed_ = SecureSeed();
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  Random random_{seed_};
  TimePoint now_ = TimePoint(seconds(1'000));
  std::shared_ptr<PickerPolicy> policy_ = std::make_shared<PickerPolicy>();
  std::vector<BackendRecord> records_;
  std::unique_ptr<Picker> picker_;
  // What the fleet hears: failures of the backend, and bad results of routes.
  int told_ = 0;
  int told_by_route_ = 0;
};

TEST_F(RouteLevelTest, ASickEndpointIsAvoidedByItsRouteAlone) {
  for (const breaker::Mode mode : {breaker::Mode::kEvidence, breaker::Mode::kCount}) {
    Make(4, mode);
    Run(400, SickEndpoint);
    const auto later = Run(1'000, SickEndpoint);
    EXPECT_EQ(StateOf(kBuy)->breaker.state(), State::kOpen);
    EXPECT_EQ(StateOf(kLook), nullptr);
    EXPECT_EQ(records_[0].breaker.state(), State::kClosed);
    EXPECT_EQ(later.at(kBuy), 0);
    EXPECT_GT(later.at(kLook), 150);
    EXPECT_EQ(records_[0].routes_opened, 1);
    EXPECT_EQ(records_[0].breaker.opened(), 0);
  }
  EXPECT_EQ(told_, 0) << "the fleet is told of a route, not of the backend";
  EXPECT_GE(told_by_route_, 6 + 5);
}

TEST_F(RouteLevelTest, EveryBalancerKeepsARouteFromItsSickEndpoint) {
  for (int kind = 0; kind < 9; ++kind) {
    Make(4, breaker::Mode::kEvidence, static_cast<Kind>(kind));
    Sicken();
    Run(1, SickEndpoint);
    for (int i = 0; i < 50; ++i) {
      now_ += milliseconds(1);
      const std::size_t at = picker_->Pick(random_.Next(), kNone, kNone, now_, random_, kBuy);
      EXPECT_NE(at, 0) << kind;
      EXPECT_NE(at, kNone) << kind;
    }
  }
}

TEST_F(RouteLevelTest, ABackendThatFailsEverybodyIsOpenAsSoonAsWithOneLevel) {
  const World fails = [](std::uint64_t, std::size_t member) { return member == 0 ? Outcome::kServerError : Outcome::kSuccess; };
  for (const bool several : {false, true}) {
    Make(4);
    picker_->SetSeveralRoutes(several);
    int failures = 0;
    for (int i = 0; i < 400 && records_[0].breaker.state() != State::kOpen; ++i) failures += Send(i % 8 < 4 ? kBuy : kLook, fails) == 0 ? 1 : 0;
    EXPECT_EQ(records_[0].breaker.state(), State::kOpen);
    EXPECT_LE(failures, several ? 7 : 6);
    EXPECT_EQ(records_[0].routes, nullptr) << "the backend's breaker has taken over";
  }
}

// Medians of many runs, of requests to the backend that fails 30 %.
TEST_F(RouteLevelTest, ThirtyPercentOfErrorsForAllOpenTheBackendAboutAsSoon) {
  const World fails = [this](std::uint64_t, std::size_t member) {
    return member == 0 && random_.Unit() < 0.3 ? Outcome::kServerError : Outcome::kSuccess;
  };
  std::map<bool, std::vector<int>> needed;
  for (const bool several : {false, true}) {
    for (int run = 0; run < 101; ++run) {
      Make(4, breaker::Mode::kEvidence, Kind::kRandom);
      picker_->SetSeveralRoutes(several);
      int sent = 0;
      for (int i = 0; i < 4'000 && records_[0].breaker.state() != State::kOpen; ++i) sent += Send(random_.Below(4) + 1, fails) == 0 ? 1 : 0;
      EXPECT_EQ(records_[0].breaker.state(), State::kOpen);
      needed[several].push_back(sent);
    }
    std::nth_element(needed[several].begin(), needed[several].begin() + 50, needed[several].end());
  }
  RecordProperty("one_level", needed[false][50]);
  RecordProperty("two_levels", needed[true][50]);
  EXPECT_LE(needed[true][50], needed[false][50] * 2);
}

TEST_F(RouteLevelTest, WhatIsAboutTheBackendIsTheBackendsAtOnce) {
  Make(4);
  const World refuses = [](std::uint64_t route, std::size_t member) {
    return member == 0 && route == kBuy ? Outcome::kConnectFailed : Outcome::kSuccess;
  };
  Run(200, refuses);
  EXPECT_EQ(records_[0].breaker.state(), State::kOpen);
  EXPECT_EQ(StateOf(kBuy), nullptr);
  EXPECT_EQ(told_, 2);
  EXPECT_EQ(told_by_route_, 0);
}

TEST_F(RouteLevelTest, WhereOneRouteUsesTheUpstreamThereIsOneLevel) {
  Make(4);
  picker_->SetSeveralRoutes(false);
  for (int i = 0; i < 400; ++i) Send(kBuy, SickEndpoint);
  EXPECT_EQ(records_[0].breaker.state(), State::kOpen);
  EXPECT_EQ(records_[0].routes, nullptr);
  EXPECT_EQ(told_, 6);
}

TEST_F(RouteLevelTest, ARouteThatMakesUpNearlyAllStandsForTheBackendBeforeTheFleet) {
  Make(4);
  for (int i = 0; i < 3'000; ++i) Send(i % 50 == 0 ? kLook : kBuy, Well);
  for (int i = 0; i < 400; ++i) Send(kBuy, SickEndpoint);
  EXPECT_EQ(records_[0].breaker.state(), State::kClosed);
  EXPECT_EQ(StateOf(kBuy)->breaker.state(), State::kOpen);
  EXPECT_EQ(told_, 6);
  EXPECT_EQ(told_by_route_, 0);
}

TEST_F(RouteLevelTest, EveryFailureIsToldByRouteAtOnceWhateverItsBreakerHoldsBack) {
  Make(4);
  const World fails = [](std::uint64_t, std::size_t member) { return member == 0 ? Outcome::kServerError : Outcome::kSuccess; };
  Send(kBuy, fails);
  while (told_by_route_ == 0) Send(kBuy, fails);
  EXPECT_EQ(told_by_route_, 1) << "the first";
  for (const breaker::Mode mode : {breaker::Mode::kEvidence, breaker::Mode::kOff}) {
    Make(4, mode);
    told_by_route_ = 0;
    int failures = 0;
    for (int i = 0; i < 40; ++i) failures += Send(i % 8 < 4 ? kBuy : kLook, fails) == 0 ? 1 : 0;
    EXPECT_EQ(told_by_route_, failures);
  }
  EXPECT_EQ(told_, 0);
}

TEST_F(RouteLevelTest, ASlowAnswerIsToldByRoute) {
  Make(4);
  for (int i = 0; i < 200; ++i) Send(kLook, Well, milliseconds(5));
  EXPECT_EQ(told_by_route_, 0);
  Send(kBuy, Well, milliseconds(400));
  EXPECT_EQ(told_by_route_, 1);
  EXPECT_EQ(told_, 0);
}

TEST_F(RouteLevelTest, TheRouteComesBackByTrialsWhenItsEndpointIsWell) {
  Make(4);
  Sicken();
  int rounds = 0;
  while (StateOf(kBuy) != nullptr && StateOf(kBuy)->breaker.state() != State::kClosed && ++rounds < 30) Run(500, Well);
  ASSERT_LT(rounds, 30);
  const auto later = Run(1'000, Well);
  EXPECT_GT(later.at(kBuy), 150);
  // And is forgotten, with its doublings, when it has been well for long.
  for (int i = 0; i < 200 && StateOf(kBuy) != nullptr; ++i) {
    now_ += seconds(1);
    Run(1, Well);
  }
  EXPECT_EQ(records_[0].routes, nullptr);
}

TEST_F(RouteLevelTest, HalfOpenTakesAFewTrialsOnly) {
  Make(2);
  Sicken();
  now_ += seconds(7);
  int trials = 0;
  // Two seconds and two thousand picks of the route: trials, of which each fails and opens it again or leaves it half open.
  for (int i = 0; i < 2'000; ++i) trials += Send(kBuy, SickEndpoint) == 0 ? 1 : 0;
  EXPECT_GE(trials, 1);
  EXPECT_LE(trials, 30);
  EXPECT_EQ(records_[0].breaker.state(), State::kClosed);
}

TEST_F(RouteLevelTest, CountLetsSoManyThroughAtATime) {
  Make(2, breaker::Mode::kCount);
  Sicken();
  now_ += seconds(31);
  picker_->Refresh(now_);
  int at_once = 0;
  for (int i = 0; i < 40; ++i) {
    const std::size_t at = picker_->Pick(std::nullopt, kNone, kNone, now_, random_, kBuy);
    ASSERT_NE(at, kNone);
    picker_->Started(at, now_, kBuy);
    at_once += at == 0 ? 1 : 0;
  }
  EXPECT_EQ(at_once, 3);
}

TEST_F(RouteLevelTest, TheOnlyBackendStaysInUseWhereEvidenceDecides) {
  Make(1);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(Send(kBuy, SickEndpoint), 0);
    EXPECT_EQ(Send(kLook, SickEndpoint), 0);
  }
  EXPECT_EQ(StateOf(kBuy)->breaker.state(), State::kSoft);
}

TEST_F(RouteLevelTest, TheOnlyBackendIsBarredForItsRouteWhereCountsDecide) {
  Make(1, breaker::Mode::kCount);
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    refused += Send(kBuy, SickEndpoint) == kNone ? 1 : 0;
    EXPECT_EQ(Send(kLook, SickEndpoint), 0);
  }
  EXPECT_EQ(refused, 195);
  EXPECT_EQ(picker_->refusal(kBuy), Refusal::kBreakerOpen);
  EXPECT_EQ(picker_->refusal(kLook), Refusal::kNobody);
}

TEST_F(RouteLevelTest, WhatFailsEverywhereForARouteOpensHalfOfTheWeightAtMost) {
  Make(4);
  const World everywhere = [](std::uint64_t route, std::size_t) { return route == kBuy ? Outcome::kServerError : Outcome::kSuccess; };
  Run(2'000, everywhere);
  int open = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    open += StateOf(kBuy, i) != nullptr && StateOf(kBuy, i)->breaker.state() == State::kOpen ? 1 : 0;
    EXPECT_EQ(records_[i].breaker.state(), State::kClosed);
  }
  EXPECT_LE(open, 1) << "it is nobody's fault; the first may be open before that is known";
  EXPECT_EQ(told_, 0);
}

TEST_F(RouteLevelTest, ARouteThatIsSlowByNatureOpensNothing) {
  Make(4);
  for (int i = 0; i < 2'000; ++i) {
    Send(kLook, Well, milliseconds(5));
    Send(kLook, Well, milliseconds(5));
    Send(kLook, Well, milliseconds(5));
    Send(kBuy, Well, milliseconds(400));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(StateOf(kBuy, i) == nullptr || StateOf(kBuy, i)->breaker.state() != State::kOpen) << i;
    EXPECT_NE(records_[i].breaker.state(), State::kOpen);
  }
}

TEST_F(RouteLevelTest, AnOperatorsWordGoesOverBothLevels) {
  Make(4);
  Sicken();
  policy_->forces = {breaker::Force::kClosed, breaker::Force::kNone, breaker::Force::kNone, breaker::Force::kNone};
  Renew();
  EXPECT_GT(Run(200, SickEndpoint).at(kBuy), 30);
  policy_->forces[0] = breaker::Force::kOpen;
  Renew();
  const auto forced_open = Run(200, SickEndpoint);
  EXPECT_EQ(forced_open.at(kBuy) + forced_open.at(kLook), 0);
  policy_->forces.clear();
  Renew();
  const auto free = Run(200, SickEndpoint);
  EXPECT_LE(free.at(kBuy), 12);
  EXPECT_GT(free.at(kLook), 30);
}

TEST_F(RouteLevelTest, AChangeOfConfigurationKeepsWhatIsKnown) {
  Make(4);
  Sicken();
  Renew();
  EXPECT_EQ(Run(200, SickEndpoint).at(kBuy), 0);
  policy_->breaker.mode = breaker::Mode::kOff;
  Renew();
  EXPECT_GT(Run(200, SickEndpoint).at(kBuy), 30);
  EXPECT_EQ(records_[0].routes, nullptr);
}

TEST_F(RouteLevelTest, BeyondTheBoundFailuresAreTheBackends) {
  Make(2);
  // One route after the other gets a sick endpoint, each when the last one is long avoided.
  for (std::uint64_t route = 101; route <= 100 + breaker::RouteBreakers::kMost; ++route) {
    const World fails = [&](std::uint64_t one, std::size_t member) { return member == 0 && one == route ? Outcome::kServerError : Outcome::kSuccess; };
    for (int i = 0; i < 400; ++i) Send(i < 14 ? route : kLook, fails);
    now_ += seconds(6);
    ASSERT_NE(StateOf(route), nullptr) << route;
    ASSERT_NE(StateOf(route)->breaker.state(), State::kClosed) << route;
  }
  EXPECT_EQ(records_[0].breaker.opened(), 0);
  EXPECT_EQ(records_[0].routes_refused, 0);
  const World one_more = [](std::uint64_t route, std::size_t member) { return member == 0 && route == 200 ? Outcome::kServerError : Outcome::kSuccess; };
  for (int i = 0; i < 200; ++i) Send(200, one_more);
  EXPECT_GT(records_[0].routes_refused, 0);
  EXPECT_EQ(records_[0].breaker.state(), State::kOpen);
}

// Attempts overlap, configurations change, operators interfere, backends and routes fall ill at random.
TEST_F(RouteLevelTest, WhateverHappensTheBoundsHoldAndWellBackendsGetPicked) {
  Make(6);
  struct Open {
    std::size_t member;
    std::uint64_t route;
    Ticket ticket;
  };
  std::vector<Open> open;
  std::vector<std::vector<double>> sick(40, std::vector<double>(6, 0));
  for (int step = 0; step < 60'000; ++step) {
    now_ += milliseconds(random_.Below(20));
    if (step % 500 == 0) sick[random_.Below(40)][random_.Below(6)] = random_.Below(3) == 0 ? random_.Unit() : 0;
    if (step % 5'000 == 4'999) {
      policy_->breaker.mode = random_.Below(2) == 0 ? breaker::Mode::kEvidence : breaker::Mode::kCount;
      policy_->forces.assign(6, breaker::Force::kNone);
      policy_->forces[random_.Below(6)] = static_cast<breaker::Force>(random_.Below(3));
      Renew();
      if (random_.Below(4) == 0) picker_->SetSeveralRoutes(false);
    }
    if (picker_->RefreshDue(now_)) {
      for (std::size_t i = 0; i < 6; ++i) picker_->SetBasis(i, true, random_.Below(50) != 0);
      picker_->Refresh(now_);
    }
    const std::uint64_t route = random_.Below(40);
    const std::size_t at = picker_->Pick(random_.Next(), random_.Below(9), random_.Below(9), now_, random_, route);
    if (at != kNone) open.push_back({at, route, picker_->Started(at, now_, route)});
    while (open.size() > 20 || (!open.empty() && random_.Below(2) == 0)) {
      std::swap(open[random_.Below(open.size())], open.back());
      const Open one = open.back();
      open.pop_back();
      Outcome outcome = random_.Unit() < sick[one.route][one.member] ? Outcome::kServerError : Outcome::kSuccess;
      if (random_.Below(200) == 0) outcome = static_cast<Outcome>(random_.Below(7));
      const std::string name = "r" + std::to_string(one.route);
      picker_->Ended(one.member, one.ticket, {outcome, milliseconds(random_.Below(40))}, now_, random_, {one.route, name});
    }
  }
  std::uint32_t in_flight = 0;
  for (const BackendRecord& record : records_) {
    in_flight += record.in_flight;
    EXPECT_TRUE(record.routes == nullptr || record.routes->all().size() <= breaker::RouteBreakers::kMost);
  }
  EXPECT_EQ(in_flight, open.size());
  // All mend, and every backend comes back.
  policy_->forces.clear();
  policy_->breaker.mode = breaker::Mode::kEvidence;
  policy_->breaker.open_timeout = seconds(5);
  Renew();
  for (int i = 0; i < 40'000; ++i) {
    now_ += milliseconds(15);
    Send(1 + random_.Below(39), Well);
  }
  for (const BackendRecord& record : records_) EXPECT_EQ(record.breaker.state(), State::kClosed);
  for (std::uint64_t route = 1; route < 40; ++route) EXPECT_NE(Send(route, Well), kNone);
}

TEST_F(RouteLevelTest, ASessionLeavesABackendThatItsRouteAvoids) {
  Make(4);
  Sicken();
  Run(1, SickEndpoint);
  EXPECT_NE(picker_->Pick(std::nullopt, /*session=*/0, kNone, now_, random_, kBuy), 0);
  EXPECT_EQ(picker_->Pick(std::nullopt, /*session=*/0, kNone, now_, random_, kLook), 0);
}

}  // namespace
}  // namespace switchyard::agent::balancer
