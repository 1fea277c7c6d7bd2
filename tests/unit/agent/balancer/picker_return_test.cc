// Goal: a backend whose cause is gone gets its share back from a worker soon, by the word of probes or of the fleet, and not before.
// Method: one picker on time that the test moves, every balancer that shares by weight; requests at a steady rate; seeds are printed.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/balancer/picker.h"

namespace switchyard::agent::balancer {
namespace {

using breaker::Outcome;
using breaker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBackends = 4;

class PickerReturnTest : public testing::TestWithParam<Kind> {
 protected:
  PickerReturnTest() : records_(kBackends) {
    std::vector<Member> members;
    for (std::size_t i = 0; i < kBackends; ++i) members.push_back({Mix(i), 1, 0, true});
    policy_->plan = MakePlan({.kind = GetParam(), .hash_bound = 1.25, .least_capacity = 0.2}, members);
    Renew();
    Run(seconds(3), 50);
  }
  // A new configuration of the same backends.
  void Renew() {
    std::vector<BackendRecord*> pointers;
    for (BackendRecord& record : records_) pointers.push_back(&record);
    picker_ = std::make_unique<Picker>(policy_, pointers, false, now_, random_);
  }
  // Requests one after the other, `rate` per second, 5 ms each. Returns the part of them that went to backend 0, of its fair share.
  double Run(Duration time, double rate) {
    const auto gap = Duration(static_cast<Duration::rep>(1e9 / rate));
    int all = 0;
    int first = 0;
    for (const TimePoint end = now_ + time; now_ < end; now_ += gap) {
      for (std::size_t i = 0; i < kBackends; ++i) picker_->SetBasis(i, true, i > 0 || healthy_);
      picker_->SetFleet(0, say_);
      if (picker_->RefreshDue(now_)) picker_->Refresh(now_);
      const std::size_t at = picker_->Pick(std::nullopt, kNone, kNone, now_, random_);
      if (at == kNone) continue;
      ++all;
      first += at == 0 ? 1 : 0;
      const Ticket ticket = picker_->Started(at, now_);
      picker_->Ended(at, ticket, {at == 0 ? outcome_ : Outcome::kSuccess, milliseconds(5)}, now_ + milliseconds(5), random_);
    }
    return all == 0 ? 0 : static_cast<double>(first) * kBackends / all;
  }
  // As a backend that is killed is seen: refused, then unhealthy, and ejected by the fleet if there is one.
  void Kill(bool fleet) {
    outcome_ = Outcome::kConnectFailed;
    for (int i = 0; i < 2; ++i) picker_->Ended(0, picker_->Started(0, now_), {outcome_, {}}, now_, random_);
    ASSERT_EQ(records_[0].breaker.state(), State::kOpen);
    healthy_ = false;
    say_.ejected = fleet;
    EXPECT_EQ(Run(seconds(1), 50), 0);
  }

  const std::uint64_t seed_ = SecureSeed();
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  Random random_{seed_};
  TimePoint now_ = TimePoint(seconds(1'000));
  std::shared_ptr<PickerPolicy> policy_ = std::make_shared<PickerPolicy>();
  std::vector<BackendRecord> records_;
  std::unique_ptr<Picker> picker_;
  bool healthy_ = true;
  FleetSay say_;
  Outcome outcome_ = Outcome::kSuccess;
};

TEST_P(PickerReturnTest, ProbesBringItBackWithinFourSeconds) {
  Kill(false);
  outcome_ = Outcome::kSuccess;
  healthy_ = true;
  const double begins = Run(milliseconds(500), 400);
  EXPECT_LE(begins, 0.9) << "it is not flooded";
  Run(milliseconds(3'000), 50);
  EXPECT_EQ(records_[0].breaker.state(), State::kClosed);
  EXPECT_GE(Run(seconds(20), 200), 0.85);
}

TEST_P(PickerReturnTest, TheFleetsShareHoldsAndItsWordClosesTheBreaker) {
  Kill(true);
  outcome_ = Outcome::kSuccess;
  healthy_ = true;
  EXPECT_EQ(Run(seconds(20), 50), 0) << "what the fleet has ejected is not tried here";
  say_ = {.share = 0.25F};
  const double share = Run(seconds(20), 50);
  EXPECT_GT(share, 0.1);
  EXPECT_LT(share, 0.6) << "of two whose cost is the same that is taken which was asked longer ago";
  EXPECT_EQ(records_[0].breaker.state(), State::kHalfOpen);
  say_ = {};
  EXPECT_GE(Run(seconds(20), 200), 0.85) << "at once";
  EXPECT_EQ(records_[0].breaker.state(), State::kClosed);
}

TEST_P(PickerReturnTest, AVerdictThatEndsWithTheControllerProvesNothing) {
  Kill(true);
  healthy_ = true;
  say_ = {};  // silence
  Run(milliseconds(100), 50);
  EXPECT_NE(records_[0].breaker.state(), State::kClosed);
}

TEST_P(PickerReturnTest, ItsOwnFailuresGoOverTheFleetsWord) {
  Kill(true);
  healthy_ = true;
  say_ = {.share = 0.25F};
  Run(seconds(5), 50);
  say_ = {};
  Run(milliseconds(100), 50);
  EXPECT_NE(records_[0].breaker.state(), State::kClosed);
}

TEST_P(PickerReturnTest, AChangeOfConfigurationForgetsNothingOfIt) {
  Kill(true);
  Renew();
  EXPECT_EQ(Run(seconds(1), 50), 0);
  outcome_ = Outcome::kSuccess;
  healthy_ = true;
  say_ = {.share = 0.25F};
  Run(seconds(2), 50);
  Renew();
  say_ = {};
  EXPECT_GE(Run(seconds(20), 200), 0.85);
  EXPECT_EQ(records_[0].breaker.state(), State::kClosed);
}

constexpr std::array<const char*, 5> kNames = {"RoundRobin", "LeastRequest", "Random", "PeakEwma", "Adaptive"};
INSTANTIATE_TEST_SUITE_P(Balancers, PickerReturnTest, testing::Values(Kind::kRoundRobin, Kind::kLeastRequest, Kind::kRandom, Kind::kPeakEwma, Kind::kAdaptive),
                         [](const auto& instance) { return std::string(kNames.at(instance.index)); });

}  // namespace
}  // namespace switchyard::agent::balancer
