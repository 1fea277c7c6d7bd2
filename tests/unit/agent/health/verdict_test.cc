// Rows of results written as text: `+` good, `-` failed, `?` inconclusive; the state after the row is what is checked.
#include "agent/health/verdict.h"

#include <gtest/gtest.h>

#include <string_view>

namespace switchyard::agent::health {
namespace {

// Returns how often the state changed.
int Feed(Verdict& verdict, std::string_view row, const Thresholds& thresholds = {3, 2}) {
  int changes = 0;
  for (const char c : row) {
    const ProbeVerdict result = c == '+' ? ProbeVerdict::kOk : c == '-' ? ProbeVerdict::kFailed : ProbeVerdict::kInconclusive;
    if (verdict.Observe(result, thresholds)) ++changes;
  }
  return changes;
}

HealthState After(std::string_view row, const Thresholds& thresholds = {3, 2}) {
  Verdict verdict;
  Feed(verdict, row, thresholds);
  return verdict.state();
}

TEST(Verdict, LetsTheFirstProbeDecide) {
  EXPECT_EQ(After(""), HealthState::kUnknown);
  EXPECT_EQ(After("+"), HealthState::kHealthy);
  EXPECT_EQ(After("-"), HealthState::kUnhealthy);
}

TEST(Verdict, NeedsARowOfFailuresToTurnUnhealthy) {
  EXPECT_EQ(After("+--"), HealthState::kHealthy);
  EXPECT_EQ(After("+---"), HealthState::kUnhealthy);
}

TEST(Verdict, StartsTheRowAnewAfterAGoodProbe) { EXPECT_EQ(After("+--+--+--"), HealthState::kHealthy); }

TEST(Verdict, NeedsARowOfSuccessesToTurnHealthy) {
  EXPECT_EQ(After("-+"), HealthState::kUnhealthy);
  EXPECT_EQ(After("-+-+"), HealthState::kUnhealthy);
  EXPECT_EQ(After("-++"), HealthState::kHealthy);
}

TEST(Verdict, CountsInconclusiveProbesAsNothing) {
  EXPECT_EQ(After("?"), HealthState::kUnknown);
  EXPECT_EQ(After("+-?-?"), HealthState::kHealthy);
  EXPECT_EQ(After("+-?-?-"), HealthState::kUnhealthy);
}

TEST(Verdict, TurnsAtOnceWithThresholdsOfOne) {
  EXPECT_EQ(After("+-", {1, 1}), HealthState::kUnhealthy);
  EXPECT_EQ(After("+-+", {1, 1}), HealthState::kHealthy);
}

TEST(Verdict, TellsEachChangeOnce) {
  Verdict verdict;
  EXPECT_EQ(Feed(verdict, "+"), 1);
  EXPECT_EQ(Feed(verdict, "----"), 1);
  EXPECT_EQ(Feed(verdict, "++++"), 1);
}

TEST(Verdict, ForgetsTheRowWhenTheTermsChange) {
  Verdict verdict;
  Feed(verdict, "+--");
  verdict.RestartRow();
  Feed(verdict, "--");
  EXPECT_EQ(verdict.state(), HealthState::kHealthy);
}

}  // namespace
}  // namespace switchyard::agent::health
