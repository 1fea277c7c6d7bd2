// Goal: what the fleet says holds while it is said, and ends as promised when the controller is silent, restarted or mad.
#include "agent/fleet/overlay_table.h"

#include <gtest/gtest.h>

namespace switchyard::agent::fleet {
namespace {

using health::FleetHealth;
using health::FleetVerdict;
using std::chrono::minutes;
using std::chrono::seconds;

class OverlayTableTest : public testing::Test {
 protected:
  v1::Overlay Make(std::uint64_t epoch, bool full, const std::string& instance = "c1") {
    v1::Overlay out;
    out.set_epoch(epoch);
    out.set_full(full);
    out.set_controller_instance(instance);
    out.mutable_ttl()->set_seconds(10);
    return out;
  }
  static v1::BackendOverlay& Add(v1::Overlay& overlay, std::uint32_t id, bool named, v1::Verdict verdict, std::uint32_t weight = 0) {
    v1::BackendOverlay& one = *overlay.add_backends();
    one.set_id(id);
    if (named) {
      one.set_upstream("web");
      one.set_backend("b" + std::to_string(id));
    }
    one.mutable_word()->set_verdict(verdict);
    one.mutable_word()->set_weight(weight);
    return one;
  }
  void Ejected(std::uint32_t weight = 0) {
    v1::Overlay full = Make(5, true);
    Add(full, 1, true, v1::VERDICT_EJECTED, weight);
    ASSERT_TRUE(overlays_.Apply(full));
  }

  ManualClock clock_;
  health::HealthTable table_;
  std::shared_ptr<health::BackendHealth> one_ = table_.Get("web", "b1");
  OverlayTable overlays_{table_, clock_};
};

TEST_F(OverlayTableTest, AVerdictHoldsForTheTtlAndEndsWithIt) {
  Ejected();
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kEjected);
  clock_.Advance(seconds(9));
  overlays_.Tick();
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kEjected);
  EXPECT_TRUE(overlays_.Apply(Make(5, false)));
  clock_.Advance(seconds(9));
  overlays_.Tick();
  EXPECT_TRUE(overlays_.alive());
  clock_.Advance(seconds(1));
  overlays_.Tick();
  EXPECT_FALSE(overlays_.alive());
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kGood);
}

TEST_F(OverlayTableTest, WeightsHoldForThreeMinutesAndGoHomeOverTen) {
  Ejected(500);
  EXPECT_EQ(one_->fleet().weight(), 0.5F);
  clock_.Advance(seconds(10) + minutes(3));
  overlays_.Tick();
  EXPECT_EQ(one_->fleet().weight(), 0.5F);
  clock_.Advance(minutes(5));
  overlays_.Tick();
  EXPECT_NEAR(one_->fleet().weight(), 0.75, 0.001);
  clock_.Advance(minutes(5));
  overlays_.Tick();
  EXPECT_EQ(one_->fleet().weight(), 1);
}

TEST_F(OverlayTableTest, ASilentControllerThatSpeaksAgainMeansWhatItSaid) {
  Ejected(500);
  clock_.Advance(seconds(11));
  overlays_.Tick();
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kGood);
  overlays_.Apply(Make(6, false));
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kEjected);
}

TEST_F(OverlayTableTest, ARestartedControllerEndsVerdictsAndLeavesWeightsToFade) {
  Ejected(500);
  overlays_.NewStream();
  ASSERT_TRUE(overlays_.Apply(Make(1, true, "c2")));
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kGood);
  EXPECT_EQ(one_->fleet().weight(), 0.5F);
  clock_.Advance(minutes(8));
  overlays_.Apply(Make(2, false, "c2"));
  overlays_.Tick();
  EXPECT_NEAR(one_->fleet().weight(), 0.75, 0.001);
  v1::Overlay next = Make(3, false, "c2");
  Add(next, 9, true, v1::VERDICT_GOOD, 800);
  next.mutable_backends(0)->set_backend("b1");
  overlays_.Apply(next);
  overlays_.Tick();
  EXPECT_EQ(one_->fleet().weight(), 0.8F);
}

TEST_F(OverlayTableTest, OldEpochsAndIncrementsWithoutABaseAreIgnored) {
  Ejected();
  v1::Overlay old = Make(4, false);
  Add(old, 1, false, v1::VERDICT_GOOD);
  EXPECT_FALSE(overlays_.Apply(old));
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kEjected);
  overlays_.NewStream();
  EXPECT_FALSE(overlays_.Apply(Make(9, false)));
  EXPECT_EQ(overlays_.ignored(), 2U);
}

TEST_F(OverlayTableTest, MadWeightsSharesAndNumbersAreHeldInBounds) {
  v1::Overlay full = Make(1, true);
  v1::BackendOverlay& one = Add(full, 1, true, v1::VERDICT_SOFT, 4'000'000'000U);
  one.mutable_word()->set_share(4'000'000'000U);
  one.set_in_flight(4'000'000'000U);
  Add(full, 77, false, v1::VERDICT_EJECTED);
  full.mutable_ttl()->set_seconds(9'000'000'000);
  full.mutable_evidence_interval()->set_nanos(1);
  ASSERT_TRUE(overlays_.Apply(full));
  EXPECT_EQ(one_->fleet().weight(), 10);
  EXPECT_EQ(one_->fleet().share(), 1);
  EXPECT_EQ(one_->fleet().in_flight(), 1e7F);
  EXPECT_EQ(overlays_.ignored(), 1U);
  EXPECT_EQ(overlays_.evidence_interval(), Duration(std::chrono::milliseconds(100)));
  clock_.Advance(seconds(61));
  overlays_.Tick();
  EXPECT_FALSE(overlays_.alive());
}

TEST_F(OverlayTableTest, AFloodOfBackendsIsBounded) {
  v1::Overlay full = Make(1, true);
  for (std::uint32_t id = 1; id <= OverlayTable::kMaxBackends + 10; ++id) Add(full, id, true, v1::VERDICT_EJECTED);
  overlays_.Apply(full);
  EXPECT_EQ(overlays_.size(), OverlayTable::kMaxBackends);
  EXPECT_EQ(overlays_.ignored(), 10U);
}

TEST_F(OverlayTableTest, OwnProbesGoOverThoseOfOthers) {
  v1::Overlay full = Make(1, true);
  Add(full, 1, true, v1::VERDICT_GOOD).mutable_word()->set_health(v1::HEALTH_UNHEALTHY);
  overlays_.Apply(full);
  EXPECT_FALSE(one_->usable());
  one_->Set(health::HealthState::kHealthy);
  EXPECT_TRUE(one_->usable());
  one_->Set(health::HealthState::kUnknown);
  EXPECT_FALSE(one_->usable());
  ASSERT_EQ(overlays_.NotPlain(10).size(), 1U);
}

TEST_F(OverlayTableTest, WhatOthersFoundHoldsUntilOwnProbesOfASilentFleetHaveEnded) {
  v1::Overlay full = Make(1, true);
  Add(full, 1, true, v1::VERDICT_GOOD).mutable_word()->set_health(v1::HEALTH_UNHEALTHY);
  overlays_.Apply(full);
  clock_.Advance(std::chrono::minutes(1));
  overlays_.Tick();
  EXPECT_FALSE(overlays_.alive());
  EXPECT_FALSE(one_->usable()) << "requests must not find out";
  one_->Set(health::HealthState::kHealthy);
  EXPECT_TRUE(one_->usable());
}

TEST_F(OverlayTableTest, ABackendThatCameBackUnderANewNumberIsSpokenForByThatOnly) {
  Ejected();
  v1::Overlay next = Make(6, false);
  Add(next, 2, true, v1::VERDICT_GOOD);
  next.mutable_backends(0)->set_backend("b1");
  overlays_.Apply(next);
  EXPECT_EQ(one_->fleet().verdict(), FleetVerdict::kGood);
  EXPECT_EQ(overlays_.size(), 1U);
}

}  // namespace
}  // namespace switchyard::agent::fleet
