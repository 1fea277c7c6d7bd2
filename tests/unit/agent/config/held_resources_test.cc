#include "agent/config/held_resources.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/config/resource_key.h"

namespace switchyard::agent::config {
namespace {

v1::Resource Upstream(const std::string& name, const std::string& address) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_upstream()->add_backends()->set_address(address);
  return resource;
}

v1::Snapshot Of(std::vector<v1::Resource> resources) {
  v1::Snapshot snapshot;
  for (v1::Resource& resource : resources) *snapshot.add_resources() = std::move(resource);
  return snapshot;
}

std::vector<v1::Violation> Against(const std::vector<std::string>& names) {
  std::vector<v1::Violation> violations;
  for (const std::string& name : names) *violations.emplace_back().mutable_resource() = switchyard::config::KeyOf(Upstream(name, ""));
  return violations;
}

std::string AddressOf(const v1::Resource& resource) { return resource.upstream().backends(0).address(); }

TEST(HeldResources, AreTheVersionsThatServedBefore) {
  v1::Snapshot next = Of({Upstream("a", "2"), Upstream("b", "2")});
  HoldLastGood(Of({Upstream("a", "1"), Upstream("b", "1")}), {}, Against({"b", "b"}), next);
  ASSERT_EQ(next.held_size(), 1);
  EXPECT_EQ(next.held(0).name(), "b");
  EXPECT_EQ(AddressOf(next.held(0)), "1");
}

TEST(HeldResources, OutliveFurtherBadVersions) {
  v1::Snapshot second = Of({Upstream("a", "2")});
  HoldLastGood(Of({Upstream("a", "1")}), {}, Against({"a"}), second);
  v1::Snapshot third = Of({Upstream("a", "3")});
  HoldLastGood(second, Against({"a"}), Against({"a"}), third);
  ASSERT_EQ(third.held_size(), 1);
  EXPECT_EQ(AddressOf(third.held(0)), "1");
  HoldLastGood(third, Against({"a"}), {}, third);
  EXPECT_EQ(third.held_size(), 0);
}

TEST(HeldResources, AreNoneForWhatNeverServed) {
  v1::Snapshot next = Of({Upstream("a", "2")});
  HoldLastGood(Of({}), {}, Against({"a"}), next);
  EXPECT_EQ(next.held_size(), 0);
  v1::Snapshot later = Of({Upstream("a", "3")});
  HoldLastGood(next, Against({"a"}), Against({"a"}), later);
  EXPECT_EQ(later.held_size(), 0) << "a version in quarantine is no good one";
}

TEST(HeldResources, TakeTheirPlaceInWhatServed) {
  v1::Snapshot snapshot = Of({Upstream("a", "2"), Upstream("b", "2")});
  snapshot.set_generation(7);
  *snapshot.add_held() = Upstream("b", "1");
  const v1::Snapshot served = LastServed(snapshot);
  EXPECT_EQ(served.generation(), 7U);
  ASSERT_EQ(served.resources_size(), 2);
  EXPECT_EQ(AddressOf(served.resources(0)), "2");
  EXPECT_EQ(AddressOf(served.resources(1)), "1");
  EXPECT_EQ(served.held_size(), 0);
}

}  // namespace
}  // namespace switchyard::agent::config
