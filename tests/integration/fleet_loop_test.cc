// Goal: real agents and a real controller close the loop: a sick backend is out for all by the evidence of all, probes are shared, operators overrule, and a
// dead controller costs nothing.
// Method: four agents with a listener each, raw backends, clients that send through every agent.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Eventually;
using harness::Fleet;
using harness::RawBackend;
using harness::RawHttpClient;

constexpr std::size_t kAgents = 4;
constexpr std::size_t kBackends = 4;

constexpr auto kSlow = std::chrono::milliseconds(100);

// Answers 200, or 503 while `bad`, or 503 to /buy while `no_buys`; late while `slow`.
RawBackend::Handler Switchable(const std::atomic<bool>& bad, const std::atomic<bool>& no_buys, const std::atomic<bool>& slow, std::atomic<int>& served,
                               std::atomic<int>& buys) {
  return [&](BackendConnection& connection) {
    while (true) {
      const auto request = connection.ReadRequest();
      if (!request.ok()) return;
      const bool buy = request->start_line.find(" /buy") != std::string::npos;
      ++served;
      buys += buy ? 1 : 0;
      if (slow) Eventually([&slow] { return !slow; }, kSlow);
      const bool fails = bad || (buy && no_buys);
      if (!connection.Write(fails ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()) return;
    }
  };
}

class FleetLoop : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Fleet::Start({.agents = kAgents, .workers = 1, .controller_flags = {}, .agent_flags = {}});
    ASSERT_TRUE(started.ok()) << started.status();
    fleet_ = *std::move(started);
    for (std::size_t b = 0; b < kBackends; ++b) {
      backends_.push_back(std::make_unique<RawBackend>(Switchable(bad_[b], no_buys_[b], slow_[b], served_[b], buys_[b])));
    }
  }
  void TearDown() override { StopTraffic(); }

  absl::Status Apply(const std::string& upstream_lines) {
    std::string yaml = fmt::format("kind: Upstream\nname: app\nspec:\n{}  backends:\n", upstream_lines);
    for (const auto& backend : backends_) yaml += fmt::format("    - address: \"{}\"\n", backend->address());
    std::string names;
    for (std::size_t a = 0; a < kAgents; ++a) {
      yaml += fmt::format("---\nkind: Listener\nname: l{0}\nspec:\n  address: 127.0.0.1\n  port: {1}\n  agents: {{match_labels: {{node: agent-{0}}}}}\n", a,
                          ports_[a].port());
      names += fmt::format("{}l{}", a == 0 ? "" : ", ", a);
    }
    yaml += fmt::format("---\nkind: Route\nname: all\nspec:\n  listeners: [{}]\n  forward: {{upstreams: [{{upstream: app}}]}}\n", names);
    return fleet_->Apply(yaml);
  }

  // Two kinds of requests, by turns, each on a route of its own.
  absl::Status ApplyWithBuys(const std::string& upstream_lines) {
    if (absl::Status applied = Apply(upstream_lines); !applied.ok()) return applied;
    buys_too_ = true;
    return fleet_->Apply("kind: Route\nname: buy\nspec:\n  listeners: [l0, l1, l2, l3]\n  matches: [{path: {prefix: /buy}}]\n"
                         "  forward: {upstreams: [{upstream: app}]}\n");
  }

  // One client per agent, one request after the other.
  void StartTraffic() {
    for (std::size_t a = 0; a < kAgents; ++a) {
      clients_.emplace_back([this, a] {
        bool buy = false;
        while (!stop_) {
          auto client = RawHttpClient::Connect(ports_[a].port());
          while (client.ok() && !stop_) {
            buy = buys_too_ && !buy;
            auto answer = client->Exchange(Get(buy ? "/buy" : "/"));
            if (!answer.ok()) {
              ++broken_;
              break;
            }
            ++(answer->status() == 200 ? good_ : failed_);
          }
        }
      });
    }
  }
  void StopTraffic() {
    stop_ = true;
    for (std::thread& client : clients_) client.join();
    clients_.clear();
    stop_ = false;
  }
  std::string Yardctl(std::vector<std::string> arguments) {
    auto done = fleet_->Yardctl(std::move(arguments));
    return done.ok() ? done->out + done->err : std::string(done.status().message());
  }
  bool Explains(std::size_t backend, const std::string& word) {
    return Yardctl({"explain", "backend", backends_[backend]->address()}).find(word) != std::string::npos;
  }

  std::unique_ptr<Fleet> fleet_;
  std::array<harness::ReservedPort, kAgents> ports_;
  std::array<std::atomic<bool>, kBackends> bad_{};
  std::array<std::atomic<bool>, kBackends> no_buys_{};
  std::array<std::atomic<bool>, kBackends> slow_{};
  std::array<std::atomic<int>, kBackends> buys_{};
  bool buys_too_ = false;
  std::array<std::atomic<int>, kBackends> served_{};
  std::vector<std::unique_ptr<RawBackend>> backends_;
  std::vector<std::thread> clients_;
  std::atomic<bool> stop_{false};
  std::atomic<int> good_{0};
  std::atomic<int> failed_{0};
  std::atomic<int> broken_{0};
};

TEST_F(FleetLoop, ASickBackendIsOutForAllAndExplained) {
  // Without breakers of their own, agents know only what the fleet tells them.
  const absl::Status applied = Apply("  balancer: ADAPTIVE\n  breaker: {mode: \"OFF\"}\n");
  ASSERT_TRUE(applied.ok()) << applied;
  StartTraffic();
  ASSERT_TRUE(Eventually([&] { return good_ > 500; }));
  EXPECT_TRUE(Explains(2, "verdict    good"));
  bad_[2] = true;
  ASSERT_TRUE(Eventually([&] { return Explains(2, "verdict    ejected: error_rate"); })) << Yardctl({"explain", "backend", backends_[2]->address()});
  EXPECT_TRUE(Explains(1, "verdict    good"));
  // Nobody goes there any more.
  const int before = served_[2];
  const int good = good_;
  ASSERT_TRUE(Eventually([&] { return good_ > good + 1000; }));
  EXPECT_LE(served_[2] - before, (good_ - good) / 20);
  EXPECT_EQ(broken_, 0);
  // It mends, and comes back step by step.
  bad_[2] = false;
  EXPECT_TRUE(Eventually([&] { return Explains(2, "verdict    good"); }, std::chrono::seconds(40)));
  EXPECT_NE(Yardctl({"weights", "app"}).find("utilisation not known"), std::string::npos);
}

TEST_F(FleetLoop, NobodyIsEjectedForOneSickEndpoint) {
  const absl::Status applied = ApplyWithBuys("  balancer: RANDOM\n");
  ASSERT_TRUE(applied.ok()) << applied;
  StartTraffic();
  ASSERT_TRUE(Eventually([&] { return good_ > 500; }));
  no_buys_[2] = true;
  // Its route goes elsewhere, in every agent, but for trials.
  ASSERT_TRUE(Eventually([&] {
    const int before = buys_[2];
    const int good = good_;
    return Eventually([&] { return good_ > good + 1000; }) && buys_[2] - before < 20;
  }));
  EXPECT_TRUE(Explains(2, "verdict    good")) << Yardctl({"explain", "backend", backends_[2]->address()});
  EXPECT_TRUE(Eventually([&] { return Explains(2, "route      buy: "); })) << Yardctl({"explain", "backend", backends_[2]->address()});
  // The other one has a quarter of its requests served there, as ever.
  const int served = served_[2];
  const int buys = buys_[2];
  const int good = good_;
  ASSERT_TRUE(Eventually([&] { return good_ > good + 2000; }));
  EXPECT_GE((served_[2] - served) - (buys_[2] - buys), 150);
  EXPECT_TRUE(Explains(2, "verdict    good"));
  // What is sick for everybody is out for everybody.
  bad_[2] = true;
  EXPECT_TRUE(Eventually([&] { return Explains(2, "verdict    ejected: error_rate"); })) << Yardctl({"explain", "backend", backends_[2]->address()});
}

TEST_F(FleetLoop, OperatorsOverruleAndAControllerMayDie) {
  const absl::Status applied = Apply("  balancer: ADAPTIVE\n");
  ASSERT_TRUE(applied.ok()) << applied;
  StartTraffic();
  ASSERT_TRUE(Eventually([&] { return served_[1] > 50; }));
  EXPECT_NE(Yardctl({"override", backends_[1]->address(), "out", "--reason", "disk"}).find("forced out"), std::string::npos);
  ASSERT_TRUE(Eventually([&] {
    const int before = served_[1];
    const int good = good_;
    return Eventually([&] { return good_ > good + 300; }) && served_[1] == before;
  }));
  // A restart keeps the operator's word.
  fleet_->controller().Kill();
  ASSERT_TRUE(fleet_->StartController().ok());
  EXPECT_TRUE(Eventually([&] { return Explains(1, "forced out: operator: disk"); }));
  EXPECT_NE(Yardctl({"override", backends_[1]->address(), "none"}).find("by the evidence"), std::string::npos);
  const int served = served_[1];
  EXPECT_TRUE(Eventually([&] { return served_[1] > served + 50; }));
  EXPECT_EQ(failed_, 0);
  EXPECT_EQ(broken_, 0);
  EXPECT_NE(Yardctl({"override", "10.9.9.9:80", "out"}).find("no upstream has"), std::string::npos);
}

TEST_F(FleetLoop, EachBackendIsProbedByAFewAndAllGoByIt) {
  const absl::Status applied = Apply("  health_check: {interval: 100ms, timeout: 200ms, unhealthy_threshold: 2, shared_by: 2, tcp: {}}\n");
  ASSERT_TRUE(applied.ok()) << applied;
  const auto probers = [&](std::size_t backend) -> int {
    const std::string top = Yardctl({"top", "app", "--once"});
    const std::size_t row = top.find(backends_[backend]->address());
    const std::string line = row == std::string::npos ? "" : top.substr(row, top.find('\n', row) - row);
    const std::size_t at = line.find("healthy (");
    return at == std::string::npos ? 0 : std::stoi(line.substr(at + 9));
  };
  const auto two_each = [&] {
    for (std::size_t b = 0; b < kBackends; ++b) {
      if (probers(b) != 2) return false;
    }
    return true;
  };
  EXPECT_TRUE(Eventually(two_each)) << Yardctl({"top", "app", "--once"});
  // One agent dies; others take over its part.
  fleet_->agent(3).Kill();
  EXPECT_TRUE(Eventually(two_each)) << Yardctl({"top", "app", "--once"});
  // A backend is gone: those who do not probe it know as well.
  backends_[0]->StopListening();
  EXPECT_TRUE(Eventually([&] { return Explains(0, "probes     unhealthy"); })) << Yardctl({"explain", "backend", backends_[0]->address()});
  // No controller: every agent probes for itself, and knows.
  fleet_->controller().Kill();
  const auto knows = [&](std::size_t a) {
    const auto status = fleet_->AdminGet(a, "/status");
    return status.ok() && status->find(R"("state":"unhealthy")") != std::string::npos;
  };
  EXPECT_TRUE(Eventually([&] { return knows(0) && knows(1) && knows(2); }, std::chrono::seconds(40)));
}

TEST_F(FleetLoop, ABackendThatIsOnlySlowIsOutForAllAndCalledSlow) {
  // A balancer that does not care, so that it is the fleet's verdict that helps.
  const absl::Status applied = Apply("  balancer: ROUND_ROBIN\n  breaker: {mode: \"OFF\"}\n");
  ASSERT_TRUE(applied.ok()) << applied;
  StartTraffic();
  ASSERT_TRUE(Eventually([&] { return Explains(2, "it gives nine in ten in"); })) << Yardctl({"explain", "backend", backends_[2]->address()});
  slow_[2] = true;
  ASSERT_TRUE(Eventually([&] { return Explains(2, "verdict    ejected: slow: "); }, std::chrono::seconds(40)))
      << Yardctl({"explain", "backend", backends_[2]->address()});
  EXPECT_TRUE(Explains(1, "verdict    good"));
  slow_[2] = false;
  EXPECT_TRUE(Eventually([&] { return Explains(2, "verdict    good"); }, std::chrono::seconds(40)));
  EXPECT_EQ(failed_, 0);
  EXPECT_EQ(broken_, 0);
}

TEST_F(FleetLoop, EachAgentUsesTheBackendsThatItWasGiven) {
  const absl::Status applied = Apply("  fleet: {subset_size: 2}\n");
  ASSERT_TRUE(applied.ok()) << applied;
  StartTraffic();
  // Four agents: three of four backends each, so that each backend has three.
  const auto even = [&] {
    for (std::size_t b = 0; b < kBackends; ++b) {
      if (!Explains(b, "subsets    3 agents have it in theirs")) return false;
    }
    return true;
  };
  EXPECT_TRUE(Eventually(even, std::chrono::seconds(40))) << Yardctl({"explain", "backend", backends_[0]->address()});
  const std::array<int, kBackends> before = {served_[0], served_[1], served_[2], served_[3]};
  EXPECT_TRUE(Eventually([&] {
    bool all = true;
    for (std::size_t b = 0; b < kBackends; ++b) all = all && served_[b] > before[b] + 50;
    return all;
  }));
  // Of what each has two are gone: the rest of the upstream helps.
  backends_[0]->StopListening();
  backends_[1]->StopListening();
  const int good = good_;
  EXPECT_TRUE(Eventually([&] { return good_ > good + 500; }));
}

TEST_F(FleetLoop, AControllerThatIsSilentCostsNoRequestEvenWhereABackendIsDead) {
  const absl::Status applied = Apply("  balancer: ROUND_ROBIN\n  breaker: {mode: \"OFF\"}\n"
                                     "  health_check: {interval: 100ms, timeout: 200ms, unhealthy_threshold: 2, shared_by: 2, tcp: {}}\n");
  ASSERT_TRUE(applied.ok()) << applied;
  backends_[0]->StopListening();
  ASSERT_TRUE(Eventually([&] { return Explains(0, "probes     unhealthy"); })) << Yardctl({"explain", "backend", backends_[0]->address()});
  StartTraffic();
  ASSERT_TRUE(Eventually([&] { return good_ > 500; }));
  failed_ = broken_ = 0;
  fleet_->controller().Kill();
  const auto knows = [&](std::size_t a) {
    const auto status = fleet_->AdminGet(a, "/status");
    return status.ok() && status->find(R"("state":"unhealthy")") != std::string::npos;
  };
  // Two of four learn it by probes of their own only now, and nobody by a request.
  EXPECT_TRUE(Eventually([&] { return knows(0) && knows(1) && knows(2) && knows(3); }, std::chrono::seconds(40)));
  const int good = good_;
  EXPECT_TRUE(Eventually([&] { return good_ > good + 1000; }));
  EXPECT_EQ(failed_, 0);
  EXPECT_EQ(broken_, 0);
}

}  // namespace
}  // namespace switchyard::integration
