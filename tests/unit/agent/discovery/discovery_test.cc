// Goal: what is found reaches the data plane with the configuration it belongs to, and changes nothing else. Method: a sink that records, sources
// that the test drives, simulated time.
#include "agent/discovery/discovery.h"

#include <gtest/gtest.h>

#include "common/base/manual_loop.h"

namespace switchyard::agent::discovery {
namespace {

class RecordingSink final : public config::ConfigSink {
 public:
  void Apply(const v1::Snapshot& snapshot, std::function<void(config::ApplyOutcome)> done) override {
    applied.push_back(snapshot);
    done({.applied = true});
  }
  std::string Newest() const {
    std::string out;
    for (const auto& resource : applied.back().resources()) {
      for (const auto& backend : resource.upstream().backends()) out += (out.empty() ? "" : " ") + backend.address();
    }
    return out;
  }
  std::vector<v1::Snapshot> applied;
};

class DrivenSource final : public Source {
 public:
  explicit DrivenSource(std::map<std::string, Found>& driven, const std::string& name, Found found) { driven[name] = std::move(found); }
  void Start() override {}
  SourceStatus Status() const override { return {}; }
};

class DiscoveryTest : public testing::Test {
 protected:
  void Find(const std::string& name, const std::vector<std::string>& addresses) {
    Backends backends;
    for (const std::string& address : addresses) backends.emplace_back().set_address(address);
    driven_.at(name)(backends, !addresses.empty());
  }
  static v1::Snapshot Of(std::uint64_t generation, const std::vector<std::string>& names) {
    v1::Snapshot snapshot;
    snapshot.set_generation(generation);
    for (const std::string& name : names) {
      v1::Resource& resource = *snapshot.add_resources();
      resource.set_name(name);
      resource.mutable_upstream()->mutable_discovery()->mutable_dns()->set_name(name);
    }
    v1::Resource& fixed = *snapshot.add_resources();
    fixed.set_name("fixed");
    fixed.mutable_upstream()->add_backends()->set_address("fixed:1");
    return snapshot;
  }
  void Apply(const v1::Snapshot& snapshot) {
    discovery_.Apply(snapshot, [this](const config::ApplyOutcome& outcome) { done_ += outcome.applied ? 1 : 0; });
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  RecordingSink sink_;
  std::map<std::string, Found> driven_;
  Discovery discovery_{loop_, sink_, [this](const v1::Discovery& terms, Found found) {
                         return std::make_unique<DrivenSource>(driven_, terms.dns().name(), std::move(found));
                       }};
  int done_ = 0;
};

TEST_F(DiscoveryTest, PassesOnAtOnceWhatStatesItsBackends) {
  Apply(Of(1, {}));
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(sink_.Newest(), "fixed:1");
}

TEST_F(DiscoveryTest, WhatTheControllerFoundIsLeftAlone) {
  v1::Snapshot snapshot = Of(1, {});
  v1::Resource& found = *snapshot.add_resources();
  found.set_name("in-kubernetes");
  found.mutable_upstream()->mutable_discovery()->mutable_kubernetes()->set_service("app");
  found.mutable_upstream()->add_backends()->set_address("pod:1");
  Apply(snapshot);
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(sink_.Newest(), "fixed:1 pod:1");
  EXPECT_TRUE(discovery_.Status().empty());
}

TEST_F(DiscoveryTest, WaitsForTheFirstAnswersOfNewUpstreams) {
  Apply(Of(1, {"a", "b"}));
  Find("a", {"a:1"});
  EXPECT_EQ(done_, 0);
  Find("b", {});
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(sink_.Newest(), "a:1 fixed:1");
}

TEST_F(DiscoveryTest, WaitsNoLongerThanItsBound) {
  Apply(Of(1, {"slow"}));
  loop_.Advance(Discovery::kFirstAnswer - std::chrono::milliseconds(1));
  EXPECT_EQ(done_, 0);
  loop_.Advance(std::chrono::milliseconds(2));
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(sink_.Newest(), "fixed:1");
}

TEST_F(DiscoveryTest, LaterChangesKeepTheGenerationAndComeTogether) {
  Apply(Of(7, {"a", "b"}));
  Find("a", {"a:1"});
  Find("b", {"b:1"});
  Find("a", {"a:2"});
  Find("b", {"b:2"});
  loop_.Advance(Discovery::kSettle);
  ASSERT_EQ(sink_.applied.size(), 2U);
  EXPECT_EQ(sink_.Newest(), "a:2 b:2 fixed:1");
  EXPECT_EQ(sink_.applied.back().generation(), 7U);
  EXPECT_EQ(done_, 1) << "nobody is told a second time";
}

TEST_F(DiscoveryTest, AnUnchangedUpstreamKeepsItsBackendsOverAChangeOfConfiguration) {
  Apply(Of(1, {"a"}));
  Find("a", {"a:1"});
  Apply(Of(2, {"a"}));
  EXPECT_EQ(done_, 2) << "nothing to wait for";
  EXPECT_EQ(sink_.Newest(), "a:1 fixed:1");
  Apply(Of(3, {}));
  EXPECT_EQ(sink_.Newest(), "fixed:1");
}

TEST_F(DiscoveryTest, AnEmptyListOfANewSourceReplacesWhatTheOldOneHadFound) {
  Apply(Of(1, {"a"}));
  Find("a", {"a:1"});
  v1::Snapshot other = Of(2, {"a"});
  other.mutable_resources(0)->mutable_upstream()->mutable_discovery()->mutable_dns()->set_port(81);
  Apply(other);
  EXPECT_EQ(sink_.Newest(), "a:1 fixed:1") << "holds until there is an answer";
  driven_.at("a")({}, /*changed=*/true);
  loop_.Advance(Discovery::kSettle);
  EXPECT_EQ(sink_.Newest(), "fixed:1");
}

TEST_F(DiscoveryTest, ANewConfigurationOvertakesOneThatWaits) {
  Apply(Of(1, {"slow"}));
  Apply(Of(2, {"slow"}));
  ASSERT_EQ(sink_.applied.size(), 1U);
  EXPECT_EQ(sink_.applied[0].generation(), 1U);
  Find("slow", {"s:1"});
  ASSERT_EQ(sink_.applied.size(), 2U);
  EXPECT_EQ(sink_.Newest(), "s:1 fixed:1");
  EXPECT_EQ(done_, 2);
}

}  // namespace
}  // namespace switchyard::agent::discovery
