// Goal: an agent uses the backends that the controller gave it, chooses itself without one, and never more than it should.
#include "agent/fleet/subset_share.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace switchyard::agent::fleet {
namespace {

class SubsetShareTest : public testing::Test {
 protected:
  static v1::Snapshot Make(std::uint32_t size, int backends, int second_tier = 0) {
    v1::Snapshot out;
    v1::Resource& resource = *out.add_resources();
    resource.set_name("web");
    v1::Upstream& upstream = *resource.mutable_upstream();
    upstream.mutable_fleet()->set_subset_size(size);
    for (int b = 0; b < backends + second_tier; ++b) {
      v1::Backend& backend = *upstream.add_backends();
      backend.set_address("b" + std::to_string(b));
      backend.set_priority(b < backends ? 0 : 1);
    }
    return out;
  }
  std::set<std::string> Used(int backends = 30) {
    std::set<std::string> out;
    for (int b = 0; b < backends; ++b) {
      const std::string address = "b" + std::to_string(b);
      const bool mine = !table_.Get("web", address)->fleet().left_out();
      EXPECT_EQ(mine, share_.Mine("web", address)) << address;
      if (mine) out.insert(address);
    }
    return out;
  }
  static v1::SubsetAssignment Told(const std::set<std::string>& backends) {
    v1::SubsetAssignment out;
    out.add_upstreams()->set_upstream("web");
    for (const std::string& one : backends) out.mutable_upstreams(0)->add_backends(one);
    return out;
  }

  health::HealthTable table_;
  SubsetShare share_{table_, "agent-1"};
};

TEST_F(SubsetShareTest, ChoosesByHashUntilItIsTold) {
  share_.Update(Make(5, 20));
  const auto own = Used(20);
  EXPECT_EQ(own.size(), 5U);
  share_.Update(Make(5, 20));
  EXPECT_EQ(Used(20), own) << "always the same";
  SubsetShare other(table_, "agent-2");
  other.Update(Make(5, 20));
  std::set<std::string> others;
  for (int b = 0; b < 20; ++b) {
    if (other.Mine("web", "b" + std::to_string(b))) others.insert("b" + std::to_string(b));
  }
  EXPECT_NE(others, own);
}

TEST_F(SubsetShareTest, UsesWhatItIsTold) {
  share_.Update(Make(3, 20));
  EXPECT_TRUE(share_.Take(Told({"b1", "b2", "b3", "b4"})));
  EXPECT_EQ(Used(20), (std::set<std::string>{"b1", "b2", "b3", "b4"}));
  EXPECT_FALSE(share_.Take(Told({"b1", "b2", "b3", "b4"})));
  EXPECT_EQ(share_.told().upstreams(0).backends_size(), 4);
  // Another configuration, as far as it fits.
  share_.Update(Make(3, 3));
  EXPECT_EQ(Used(3), (std::set<std::string>{"b1", "b2"}));
  share_.Update(Make(3, 20));
  v1::SubsetAssignment all;
  all.add_upstreams()->set_upstream("web");
  all.mutable_upstreams(0)->set_all(true);
  EXPECT_TRUE(share_.Take(all));
  EXPECT_EQ(Used(20).size(), 20U);
}

TEST_F(SubsetShareTest, AnAssignmentOfStrangersIsNone) {
  share_.Update(Make(3, 20));
  const auto own = Used(20);
  EXPECT_FALSE(share_.Take(Told({"nobody", ""})));
  EXPECT_EQ(Used(20), own);
}

TEST_F(SubsetShareTest, EachPriorityHasItsOwnSubset) {
  share_.Update(Make(4, 10, 10));
  EXPECT_EQ(Used(20).size(), 8U);
  EXPECT_EQ(Used(10).size(), 4U);
}

TEST_F(SubsetShareTest, BackendsThatTakeNothingDoNotCountAndSmallUpstreamsAreWhole) {
  v1::Snapshot snapshot = Make(4, 10);
  snapshot.mutable_resources(0)->mutable_upstream()->mutable_backends(0)->set_state(v1::BACKEND_STATE_DRAINING);
  snapshot.mutable_resources(0)->mutable_upstream()->mutable_backends(1)->set_weight(0);
  share_.Update(snapshot);
  EXPECT_EQ(Used(10).size(), 6U) << "four, and the two that do not matter";
  share_.Update(Make(4, 4));
  EXPECT_EQ(Used(4).size(), 4U);
}

TEST_F(SubsetShareTest, WithoutSubsetsEverythingIsUsedAgain) {
  share_.Update(Make(4, 10));
  const auto held = table_.Get("web", "b0");
  share_.Update(Make(0, 10));
  EXPECT_EQ(Used(10).size(), 10U);
  EXPECT_TRUE(share_.Mine("other", "x"));
}

}  // namespace
}  // namespace switchyard::agent::fleet
