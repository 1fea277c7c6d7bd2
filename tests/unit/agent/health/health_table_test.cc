// One object per backend for as long as anyone holds it; nothing is kept for backends that are gone.
#include "agent/health/health_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard::agent::health {
namespace {

TEST(HealthTable, StartsUnknownAndUsable) {
  HealthTable table;
  const auto health = table.Get("web", "10.0.0.1:80");
  EXPECT_EQ(health->state(), HealthState::kUnknown);
  EXPECT_TRUE(health->usable());
}

TEST(HealthTable, GivesTheSameObjectToOldAndNewSnapshot) {
  HealthTable table;
  const auto old_one = table.Get("web", "10.0.0.1:80");
  old_one->Set(HealthState::kUnhealthy);
  const auto new_one = table.Get("web", "10.0.0.1:80");
  EXPECT_EQ(old_one, new_one);
  EXPECT_FALSE(new_one->usable());
}

TEST(HealthTable, KeepsUpstreamsApart) {
  HealthTable table;
  const auto web = table.Get("web", "10.0.0.1:80");
  const auto api = table.Get("api", "10.0.0.1:80");
  web->Set(HealthState::kUnhealthy);
  EXPECT_TRUE(api->usable());
  EXPECT_EQ(table.StateOf("web", "10.0.0.1:80"), HealthState::kUnhealthy);
  EXPECT_EQ(table.StateOf("api", "10.0.0.1:80"), HealthState::kUnknown);
}

TEST(HealthTable, ForgetsWhatNobodyHolds) {
  HealthTable table;
  table.Get("web", "10.0.0.1:80")->Set(HealthState::kUnhealthy);
  EXPECT_EQ(table.StateOf("web", "10.0.0.1:80"), HealthState::kUnknown);
  EXPECT_TRUE(table.Get("web", "10.0.0.1:80")->usable());
}

TEST(HealthTable, StaysBoundedByWhatIsHeld) {
  HealthTable table;
  std::vector<std::shared_ptr<BackendHealth>> held;
  for (int i = 0; i < 100; ++i) held.push_back(table.Get("held", std::to_string(i)));
  for (int i = 0; i < 100'000; ++i) table.Get("gone", std::to_string(i));
  EXPECT_LE(table.size(), 400U);
  EXPECT_EQ(table.Get("held", "7"), held[7]);
}

TEST(HealthTable, WaitsForAProbeOnlyWhileThatIsAskedFor) {
  HealthTable table;
  const auto health = table.Get("web", "10.0.0.1:80");
  health->AwaitProbe(true);
  EXPECT_FALSE(health->usable());
  health->Set(HealthState::kHealthy);
  EXPECT_TRUE(health->usable());
  health->Set(HealthState::kUnknown);
  EXPECT_FALSE(health->usable());
  health->AwaitProbe(false);
  EXPECT_TRUE(health->usable()) << "the check is gone, and nobody will probe it";
}

}  // namespace
}  // namespace switchyard::agent::health
