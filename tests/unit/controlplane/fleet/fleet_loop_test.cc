// Goal: each agent is told what it lacks, once, in shared bytes; probes are shared out and shared out anew; people get the figures.
#include "controlplane/fleet/fleet_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr char kSick[] = "10.0.0.3:80";

class FleetLoopTest : public testing::Test {
 protected:
  FleetLoopTest() : loop_({&clock_, "controller-1", 7, std::chrono::seconds(1)}, [this] { ++urgent_; }) {
    v1::Resource resource;
    resource.set_name("web");
    v1::Upstream& upstream = *resource.mutable_upstream();
    upstream.set_balancer(v1::BALANCER_ADAPTIVE);
    upstream.mutable_health_check()->mutable_tcp();
    for (int b = 1; b <= 4; ++b) upstream.add_backends()->set_address("10.0.0." + std::to_string(b) + ":80");
    store::Catalog catalog;
    catalog.resources[{v1::KIND_UPSTREAM, "web"}] = std::make_shared<const v1::Resource>(resource);
    loop_.SetCatalog(catalog);
    auto snapshot = std::make_shared<v1::Snapshot>();
    *snapshot->add_resources() = resource;
    target_ = snapshot;
  }

  static std::string Node(int agent) { return "agent-" + std::to_string(agent); }
  void Join(int agents) {
    cursors_.resize(static_cast<std::size_t>(agents));
    for (int a = 0; a < agents; ++a) {
      loop_.Join(Node(a), "zone-" + std::to_string(a % 3));
      Drain(a);
    }
    loop_.Tick();
    for (int a = 0; a < agents; ++a) Drain(a);
  }
  // Takes everything that this agent is to be told, and keeps the last of each kind.
  int Drain(int agent) {
    int frames = 0;
    while (const Frame frame = loop_.Next(cursors_[static_cast<std::size_t>(agent)], Node(agent), target_)) {
      ++frames;
      last_ = frame;
      v1::ControllerMessage message;
      EXPECT_TRUE(message.ParseFromString(*frame));
      if (message.has_probes()) probes_[agent] = message.probes();
      if (message.has_overlay()) overlays_[agent] = message.overlay();
      if (message.has_subsets()) subsets_[agent] = message.subsets();
    }
    return frames;
  }
  void Fail(int agent, std::uint64_t sequence, std::uint32_t failed) {
    v1::Evidence evidence;
    evidence.set_sequence(sequence);
    evidence.set_fresh(sequence == 1);
    for (std::uint32_t id = 1; id <= 4; ++id) {
      v1::BackendEvidence& record = *evidence.add_backends();
      record.set_id(id);
      if (sequence == 1) {
        record.set_upstream("web");
        record.set_backend("10.0.0." + std::to_string(id) + ":80");
      }
      record.set_succeeded(5);
      record.set_in_flight(2);
      if (id == 3 && failed > 0) {
        record.set_succeeded(0);
        record.set_failed(failed);
      }
    }
    loop_.OnEvidence(Node(agent), "i", evidence);
  }
  void Eject() {
    clock_.Advance(std::chrono::milliseconds(100));
    for (int a = 0; a < 4; ++a) Fail(a, 1, 0);
    for (int a = 0; a < 4; ++a) Fail(a, 2, 5);
    EXPECT_TRUE(loop_.Tick());
  }
  const v1::BackendOverlay* Said(int agent, const std::string& backend) {
    for (const v1::BackendOverlay& one : overlays_[agent].backends()) {
      if (one.backend() == backend) return &one;
    }
    return nullptr;
  }

  ManualClock clock_;
  int urgent_ = 0;
  FleetLoop loop_;
  std::shared_ptr<const v1::Snapshot> target_;
  std::vector<Cursor> cursors_;
  std::map<int, v1::ProbeAssignment> probes_;
  std::map<int, v1::Overlay> overlays_;
  std::map<int, v1::SubsetAssignment> subsets_;
  Frame last_;
};

TEST_F(FleetLoopTest, TellsANewAgentEverythingAndThenOnlyWhatChanged) {
  Join(4);
  EXPECT_TRUE(overlays_[0].full());
  EXPECT_EQ(overlays_[0].controller_instance(), "controller-1");
  EXPECT_EQ(Drain(0), 0);
  Eject();
  EXPECT_GE(urgent_, 1);
  EXPECT_EQ(Drain(0), 1);
  EXPECT_FALSE(overlays_[0].full());
  const v1::BackendOverlay* sick = Said(0, kSick);
  ASSERT_NE(sick, nullptr);
  EXPECT_EQ(sick->word().verdict(), v1::VERDICT_EJECTED);
  EXPECT_EQ(sick->word().reason().substr(0, 10), "error_rate");
  EXPECT_EQ(sick->in_flight(), 8U);
  const Frame first = last_;
  EXPECT_EQ(Drain(1), 1);
  EXPECT_EQ(last_, first) << "agents with the same upstreams share the bytes";
}

class SubsetLoopTest : public FleetLoopTest {
 protected:
  // As many backends, of which each agent is to use so many.
  void Configure(int backends, std::uint32_t size) {
    v1::Resource resource;
    resource.set_name("web");
    v1::Upstream& upstream = *resource.mutable_upstream();
    upstream.mutable_health_check()->mutable_tcp();
    upstream.mutable_fleet()->set_subset_size(size);
    for (int b = 1; b <= backends; ++b) upstream.add_backends()->set_address("10.0.0." + std::to_string(b) + ":80");
    store::Catalog catalog;
    catalog.resources[{v1::KIND_UPSTREAM, "web"}] = std::make_shared<const v1::Resource>(resource);
    loop_.SetCatalog(catalog);
    auto snapshot = std::make_shared<v1::Snapshot>();
    *snapshot->add_resources() = resource;
    target_ = snapshot;
  }
  void Settle(int agents) {
    clock_.Advance(std::chrono::seconds(11));
    // Nobody is silent.
    sequence_ += 1;
    for (int a = 0; a < agents; ++a) Fail(a, sequence_, 0);
    loop_.Tick();
    for (int a = 0; a < agents; ++a) Drain(a);
  }
  std::uint64_t sequence_ = 0;
  std::set<std::string> Of(int agent) {
    if (subsets_[agent].upstreams().empty()) return {};
    return {subsets_[agent].upstreams(0).backends().begin(), subsets_[agent].upstreams(0).backends().end()};
  }
};

TEST_F(SubsetLoopTest, SharesTheBackendsOutEvenlyAndEachIsProbedByThoseWhoUseIt) {
  Configure(20, 5);
  Join(20);
  EXPECT_TRUE(subsets_.empty()) << "a new controller waits for those who come back";
  Settle(20);
  std::map<std::string, int> users;
  std::map<std::string, int> probers;
  for (int a = 0; a < 20; ++a) {
    const auto own = Of(a);
    EXPECT_EQ(own.size(), 5U) << a;
    for (const std::string& backend : own) ++users[backend];
    ASSERT_EQ(probes_[a].upstreams_size(), 1);
    for (const std::string& backend : probes_[a].upstreams(0).backends()) {
      EXPECT_TRUE(own.contains(backend)) << a << " probes what it does not use";
      ++probers[backend];
    }
  }
  ASSERT_EQ(users.size(), 20U);
  for (const auto& [backend, count] : users) EXPECT_NEAR(count, 5, 1) << backend;
  for (const auto& [backend, count] : probers) EXPECT_EQ(count, 3) << backend;
  v1::ExplainRequest request;
  request.set_backend("10.0.0.1:80");
  EXPECT_NEAR(loop_.Explain(request)->backends(0).assigned(), 5, 1);
}

TEST_F(SubsetLoopTest, AnAgentThatSaysWhatItHasKeepsItAndIsToldSo) {
  Configure(20, 5);
  Join(20);
  v1::SubsetAssignment held;
  held.add_upstreams()->set_upstream("web");
  const std::set<std::string> own = {"10.0.0.2:80", "10.0.0.5:80", "10.0.0.7:80", "10.0.0.11:80", "10.0.0.13:80"};
  for (const std::string& one : own) held.mutable_upstreams(0)->add_backends(one);
  loop_.OnSubsets(Node(3), held);
  held.mutable_upstreams(0)->set_upstream("nobody's");
  loop_.OnSubsets(Node(3), held);
  Settle(20);
  EXPECT_EQ(Of(3), own);
}

TEST_F(SubsetLoopTest, AnAgentThatGoesIsReplacedAndWithoutSubsetsAllIsTakenBack) {
  Configure(20, 5);
  Join(20);
  Settle(20);
  for (int a = 10; a < 20; ++a) loop_.OnGone(Node(a));
  Settle(10);
  std::map<std::string, int> users;
  for (int a = 0; a < 10; ++a) {
    for (const std::string& backend : Of(a)) ++users[backend];
  }
  // Ten agents: six each, so that every backend has three.
  for (const auto& [backend, count] : users) EXPECT_NEAR(count, 3, 1) << backend;
  EXPECT_EQ(users.size(), 20U);
  Configure(20, 0);
  Settle(10);
  EXPECT_TRUE(subsets_[0].upstreams().empty());
}

TEST_F(FleetLoopTest, AnAgentWithoutTrafficIsNotSilentWhileItReports) {
  Join(6);
  ASSERT_EQ(probes_[0].upstreams_size(), 1) << "shared";
  v1::Report report;
  for (std::uint64_t second = 1; second <= 12; ++second) {
    clock_.Advance(std::chrono::seconds(1));
    report.set_sequence(second);
    for (int a = 0; a < 6; ++a) loop_.OnReport(Node(a), "i", report);
    loop_.Tick();
  }
  for (int a = 0; a < 6; ++a) {
    Drain(a);
    EXPECT_EQ(probes_[a].upstreams_size(), 1) << "still shared";
  }
}

TEST_F(SubsetLoopTest, FewAgentsUseAll) {
  Configure(20, 5);
  Join(3);
  Settle(3);
  ASSERT_EQ(subsets_[0].upstreams_size(), 1);
  EXPECT_TRUE(subsets_[0].upstreams(0).all());
}

TEST_F(FleetLoopTest, ALateComerGetsItAllAtOnce) {
  Join(4);
  Eject();
  loop_.Join("late", "zone-0");
  Cursor late;
  Frame frame;
  v1::Overlay overlay;
  while ((frame = loop_.Next(late, "late", target_)) != nullptr) {
    v1::ControllerMessage message;
    message.ParseFromString(*frame);
    if (message.has_overlay()) overlay = message.overlay();
  }
  EXPECT_TRUE(overlay.full());
  const auto sick = std::find_if(overlay.backends().begin(), overlay.backends().end(), [](const auto& one) { return one.backend() == kSick; });
  ASSERT_NE(sick, overlay.backends().end());
  EXPECT_EQ(sick->word().verdict(), v1::VERDICT_EJECTED);
}

TEST_F(FleetLoopTest, NamesABackendOnceAndSaysThatAllHoldsEveryTwoSeconds) {
  Join(4);
  Eject();
  Drain(0);
  for (int a = 0; a < 4; ++a) Fail(a, 3, 0);
  clock_.Advance(std::chrono::milliseconds(2100));
  loop_.Tick();
  EXPECT_EQ(Drain(0), 1);
  EXPECT_TRUE(overlays_[0].backends().empty() || overlays_[0].backends(0).backend().empty());
  EXPECT_EQ(overlays_[0].ttl().seconds(), 10);
  EXPECT_EQ(Drain(0), 0);
}

TEST_F(FleetLoopTest, EachBackendIsProbedByThreeAgentsAndAnewWhenOneIsLost) {
  Join(9);
  const auto count = [&](const std::string& backend, int without) {
    std::set<int> probers;
    for (const auto& [agent, probes] : probes_) {
      if (agent == without) continue;
      for (const v1::UpstreamProbes& one : probes.upstreams()) {
        if (std::find(one.backends().begin(), one.backends().end(), backend) != one.backends().end()) probers.insert(agent);
      }
    }
    return probers;
  };
  for (int b = 1; b <= 4; ++b) EXPECT_EQ(count("10.0.0." + std::to_string(b) + ":80", -1).size(), 3U);
  const int lost = *count(kSick, -1).begin();
  loop_.OnGone(Node(lost));
  clock_.Advance(std::chrono::milliseconds(10));
  EXPECT_TRUE(loop_.Tick());
  for (int a = 0; a < 9; ++a) {
    if (a != lost) Drain(a);
  }
  EXPECT_EQ(count(kSick, lost).size(), 3U);
}

TEST_F(FleetLoopTest, ASilentProberIsReplacedThoughItsStreamStands) {
  Join(9);
  std::map<int, v1::ProbeAssignment> before = probes_;
  for (int second = 0; second < 6; ++second) {
    clock_.Advance(std::chrono::seconds(1));
    for (int a = 1; a < 9; ++a) Fail(a, static_cast<std::uint64_t>(second + 1), 0);
    loop_.Tick();
  }
  for (int a = 0; a < 9; ++a) Drain(a);
  std::size_t of_silent = 0;
  for (const v1::UpstreamProbes& one : probes_[0].upstreams()) of_silent += static_cast<std::size_t>(one.backends_size());
  EXPECT_EQ(of_silent, 0U);
}

TEST_F(FleetLoopTest, WithThreeAgentsEachProbesEverything) {
  Join(3);
  EXPECT_TRUE(probes_.empty());
}

TEST_F(FleetLoopTest, ExplainsTheVerdictWithItsFigures) {
  Join(4);
  Eject();
  v1::ExplainRequest request;
  EXPECT_EQ(loop_.Explain(request).status().code(), absl::StatusCode::kInvalidArgument);
  request.set_backend("10.9.9.9:80");
  EXPECT_EQ(loop_.Explain(request).status().code(), absl::StatusCode::kNotFound);
  request.set_backend(kSick);
  const auto response = loop_.Explain(request);
  ASSERT_TRUE(response.ok());
  ASSERT_EQ(response->backends_size(), 1);
  const v1::BackendExplanation& one = response->backends(0);
  EXPECT_EQ(one.verdict(), v1::VERDICT_EJECTED);
  EXPECT_EQ(one.ejections(), 1U);
  EXPECT_NEAR(one.error(), 0.5, 0.05);
  EXPECT_EQ(one.agents(), 4U);
  EXPECT_GE(one.views_size(), 4);
  EXPECT_LT(one.utilization(), 0);
}

TEST_F(FleetLoopTest, AnOverrideIsToldAtOnce) {
  Join(4);
  const OverrideState out{v1::OVERRIDE_OUT, clock_.WallNow() + std::chrono::hours(1), ""};
  EXPECT_EQ(loop_.SetOverride("other", kSick, out).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(loop_.SetOverride("", kSick, out).ok());
  EXPECT_EQ(urgent_, 1);
  EXPECT_TRUE(loop_.Tick());
  Drain(0);
  ASSERT_NE(Said(0, kSick), nullptr);
  EXPECT_EQ(Said(0, kSick)->word().verdict(), v1::VERDICT_FORCED_OUT);
}

TEST_F(FleetLoopTest, WeightsShowHistory) {
  Join(4);
  for (int second = 0; second < 11; ++second) {
    clock_.Advance(std::chrono::seconds(1));
    loop_.Tick();
  }
  const v1::WeightsResponse response = loop_.Weights({});
  ASSERT_EQ(response.rows_size(), 4);
  EXPECT_EQ(response.rows(0).effective(), 1);
  EXPECT_EQ(response.rows(0).history_size(), 2);
  EXPECT_EQ(response.rows(0).held(), "utilisation not known");
}

}  // namespace
}  // namespace switchyard::controlplane::fleet
