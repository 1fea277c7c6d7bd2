// Goal: the promises about changes - explained, contained, atomic, untouched - and that a stranger gets nothing.
// Method: one controller and agents, changed through yardctl as an operator would, under connections and requests that must not notice.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Fleet;
using harness::RawBackend;

std::unique_ptr<Fleet> StartFleet(harness::FleetOptions options) {
  auto fleet = Fleet::Start(std::move(options));
  if (!fleet.ok()) {
    ADD_FAILURE() << fleet.status();
    return nullptr;
  }
  return *std::move(fleet);
}

TEST(Apply, NamesEveryMistakeWithLineAndField) {
  Fleet* fleet = SharedFleet();
  ASSERT_NE(fleet, nullptr);
  auto done = fleet->Yardctl({"apply", "-f", "-"},
                             "kind: Listener\nname: bad\nspec:\n  port: 70000\n  colour: red\n---\n"
                             "kind: Route\nname: bad\nspec:\n  listeners: [nowhere]\n  forward: {upstreams: [{upstream: nothing}]}\n");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->exit.code, 1);
  for (const char* word : {"colour", "5"}) EXPECT_NE(done->err.find(word), std::string::npos) << done->err;
  auto list = fleet->Yardctl({"get", "all", "-o", "name"});
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->out.find("/bad"), std::string::npos) << "half of a refused change was applied";
}

TEST(Apply, RefusesDanglingReferences) {
  Fleet* fleet = SharedFleet();
  ASSERT_NE(fleet, nullptr);
  auto done = fleet->Yardctl({"apply", "-f", "-"}, "kind: Route\nname: bad\nspec:\n  listeners: [nowhere]\n  forward: {upstreams: [{upstream: nothing}]}\n");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->exit.code, 1);
  for (const char* word : {"nowhere", "nothing"}) EXPECT_NE(done->err.find(word), std::string::npos) << done->err;
}

TEST(Apply, RefusesGarbageAndSaysWhere) {
  Fleet* fleet = SharedFleet();
  ASSERT_NE(fleet, nullptr);
  for (const std::string& input : {std::string("\x7f" "ELF\0\1\2\xff\xfe", 9), std::string("- just\n- a list\n"), std::string("kind: Upstream\nname: [\n")}) {
    auto done = fleet->Yardctl({"apply", "-f", "-"}, input);
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_NE(done->exit.code, 0) << harness::Printable(input);
    EXPECT_FALSE(done->err.empty());
  }
}

TEST(Apply, ContainsAPortThatOneAgentCannotOpen) {
  auto fleet = StartFleet({.agents = 2});
  ASSERT_NE(fleet, nullptr);
  auto squatter = harness::Socket::ListenLoopback();
  ASSERT_TRUE(squatter.ok());
  RawBackend backend;
  const Site good({.agents = "{node: agent-0}", .backends = {backend.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(good.ok());
  ASSERT_TRUE(harness::RawHttpClient::Connect(good.port()).ok());
  auto done = fleet->Yardctl(
      {"apply", "-f", "-", "--wait=10s"},
      fmt::format("kind: Listener\nname: taken\nspec:\n  address: 127.0.0.1\n  port: {}\n  agents: {{match_labels: {{node: agent-1}}}}\n---\n"
                  "kind: Upstream\nname: sibling\nspec:\n  backends: [{{address: \"{}\"}}]\n---\n"
                  "kind: Route\nname: sibling\nspec:\n  listeners: [{}]\n  matches: [{{path: {{prefix: /sibling}}}}]\n"
                  "  forward: {{upstreams: [{{upstream: sibling}}]}}\n",
                  squatter->port(), backend.address(), good.name()));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->exit.code, 5) << done->out << done->err;
  const std::string text = done->out + done->err;
  for (const char* word : {"agent-1", "taken", "port"}) EXPECT_NE(text.find(word), std::string::npos) << text;
  EXPECT_EQ(text.find("agent-0"), std::string::npos) << "agent-0 refused nothing: " << text;
  auto sibling = good.Connect().Exchange(Get("/sibling"));
  ASSERT_TRUE(sibling.ok()) << sibling.status();
  EXPECT_EQ(sibling->status(), 200) << "a sibling of a quarantined resource did not apply";
  // Fixing it needs no restart.
  const harness::ReservedPort free;
  const absl::Status fixed = fleet->Apply(
      fmt::format("kind: Listener\nname: taken\nspec:\n  address: 127.0.0.1\n  port: {}\n  agents: {{match_labels: {{node: agent-1}}}}\n", free.port()));
  EXPECT_TRUE(fixed.ok()) << fixed;
}

TEST(Apply, UnrelatedAndEqualChangesCloseNoConnection) {
  RawBackend backend([](BackendConnection& connection) {
    if (!connection.ReadHead().ok()) return;
    (void)connection.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
    while (connection.ReadBytes(1, std::chrono::minutes(5)).ok() && connection.Write(".").ok()) {
    }
  });
  const Site site({.backends = {backend.address()}});
  std::vector<harness::RawHttpClient> tunnels;
  for (int i = 0; i < 50; ++i) {
    tunnels.push_back(site.Connect());
    ASSERT_TRUE(tunnels.back().Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").ok());
    ASSERT_EQ(tunnels.back().ReadResponseHead()->status(), 101);
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(site.fleet().Apply(fmt::format("kind: Upstream\nname: unrelated\nspec:\n  backends: [{{address: \"127.0.0.1:{}\"}}]\n", 1000 + i)).ok());
  }
  ASSERT_TRUE(site.fleet().Apply(site.Yaml({.backends = {backend.address()}})).ok());
  for (auto& tunnel : tunnels) {
    ASSERT_TRUE(tunnel.Send("x").ok());
    EXPECT_EQ(tunnel.ReadBytes(1).value_or("closed"), ".");
  }
}

TEST(Apply, SwapsRouteAndUpstreamTogetherWithoutOneBadAnswer) {
  RawBackend backends[2] = {RawBackend(RawBackend::Answering("zero")), RawBackend(RawBackend::Answering("one"))};
  const Site site({.backends = {backends[0].address()}});
  ASSERT_TRUE(site.ok());
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::thread traffic([&] {
    while (!stop) {
      auto client = harness::RawHttpClient::Connect(site.port());
      for (int i = 0; i < 50 && client.ok() && !stop; ++i) {
        auto answer = client->Exchange(Get("/"));
        ++(answer.ok() && answer->status() == 200 ? good : bad);
        if (!answer.ok()) break;
      }
    }
  });
  for (int i = 1; i <= 30; ++i) {
    // The upstream is new and the old one goes in the next change; the route moves in the same generation.
    const absl::Status status = site.fleet().Apply(fmt::format(
        "kind: Upstream\nname: swap-{0}\nspec:\n  backends: [{{address: \"{1}\"}}]\n---\n"
        "kind: Route\nname: {2}\nspec:\n  listeners: [{2}]\n  forward: {{upstreams: [{{upstream: swap-{0}}}]}}\n",
        i, backends[i % 2].address(), site.name()));
    EXPECT_TRUE(status.ok()) << status;
    auto answer = site.Connect().Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->Header("x-backend"), i % 2 == 0 ? "zero" : "one") << "applied on every agent, but not served";
    if (i == 1) continue;
    EXPECT_EQ(site.fleet().Yardctl({"delete", "upstream", fmt::format("swap-{}", i - 1)})->exit.code, 0);
  }
  stop = true;
  traffic.join();
  EXPECT_EQ(bad, 0) << "of " << good + bad;
  EXPECT_GT(good, 0);
}

TEST(Routes, SplitTrafficByWeightExactlyEnough) {
  RawBackend old_version(RawBackend::Answering("old"));
  RawBackend new_version(RawBackend::Answering("new"));
  const Site site({.backends = {old_version.address()}});
  ASSERT_TRUE(site.fleet()
                  .Apply(fmt::format("kind: Upstream\nname: split-new\nspec:\n  backends: [{{address: \"{0}\"}}]\n---\n"
                                     "kind: Route\nname: {1}\nspec:\n  listeners: [{1}]\n"
                                     "  forward: {{upstreams: [{{upstream: {1}, weight: 9}}, {{upstream: split-new, weight: 1}}]}}\n",
                                     new_version.address(), site.name()))
                  .ok());
  auto client = site.Connect();
  int fresh = 0;
  constexpr int kRequests = 2000;
  for (int i = 0; i < kRequests; ++i) {
    auto answer = client.Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    fresh += answer->Header("x-backend") == "new" ? 1 : 0;
  }
  // Binomial(2000, 0.1): standard deviation 13.4; six of them.
  EXPECT_NEAR(fresh, kRequests / 10, 81);
}

TEST(Status, CauseInHeaderCounterAndReportAgree) {
  const harness::ReservedPort nobody;
  const Site site({.backends = {fmt::format("127.0.0.1:{}", nobody.port())}});
  auto client = site.Connect();
  for (int i = 0; i < 3; ++i) ASSERT_EQ(client.Exchange(Get("/"))->Header("x-switchyard-cause"), "connect_failed");
  EXPECT_TRUE(harness::Eventually([&] {
    const std::string metrics = site.fleet().AdminGet(0, "/metrics").value_or("");
    return metrics.find("cause=\"connect_failed\"") != std::string::npos;
  })) << site.fleet().AdminGet(0, "/metrics").value_or("");
}

TEST(AdminPort, AnswersWhatOperatorsAsk) {
  Fleet* fleet = SharedFleet();
  ASSERT_NE(fleet, nullptr);
  for (const char* path : {"/live", "/ready", "/status", "/snapshot", "/metrics"}) {
    auto body = fleet->AdminGet(0, path);
    ASSERT_TRUE(body.ok()) << path << body.status();
    EXPECT_FALSE(body->empty()) << path;
  }
}

TEST(Identity, AStrangerCannotJoin) {
  Fleet* fleet = SharedFleet();
  ASSERT_NE(fleet, nullptr);
  const harness::TempDir directory;
  auto done = harness::RunProgram({{harness::ProgramPath("yard-agent"), "--controller", fmt::format("127.0.0.1:{}", fleet->controller_port()),
                                    "--data-dir", directory.Sub("agent"), "--node", "stranger", "--admin", "127.0.0.1:0"},
                                   {},
                                   {}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_NE(done->exit.code, 0);
  EXPECT_NE((done->out + done->err).find("token"), std::string::npos) << done->err;
}

TEST(Identity, YardctlWithoutACredentialIsToldSo) {
  const harness::TempDir empty;
  auto done = harness::RunProgram({{harness::ProgramPath("yardctl"), "agents"},
                                   {{"HOME", empty.path()}, {"XDG_STATE_HOME", empty.path()}, {"XDG_CONFIG_HOME", empty.path()},
                                    {"YARDCTL_CREDENTIAL", empty.Sub("no")}},
                                   {}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->exit.code, 7) << done->err;
}

TEST(Yardctl, OutputThatIsLostIsNoSuccess) {
  // A result that fills the buffer early and one that goes out at the end.
  for (const std::string command : {"completion bash", "version --client", "--help"}) {
    auto lost = harness::RunProgram({.argv = {"/bin/sh", "-c", fmt::format("exec \"$0\" {} > /dev/full", command), harness::ProgramPath("yardctl")}});
    ASSERT_TRUE(lost.ok()) << lost.status();
    EXPECT_EQ(lost->exit.code, 10) << command;
    EXPECT_NE(lost->err.find("could not be written"), std::string::npos) << command << ": " << lost->err;
  }
  // What failed anyway keeps its own code.
  auto refused = harness::RunProgram({.argv = {"/bin/sh", "-c", "exec \"$0\" no-such-verb > /dev/full", harness::ProgramPath("yardctl")}});
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->exit.code, 2) << refused->err;
}

}  // namespace
}  // namespace switchyard::integration
