// Goal: traffic follows EndpointSlices, and nothing that an API server does or fails to do takes a working backend away. Method: a real controller and
// agent, and a scripted API server over TLS (kubernetes_api.py).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/harness/certificates.h"
#include "tests/harness/process.h"
#include "tests/harness/ready_file.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::Eventually;
using harness::RawBackend;

std::string SourcePath(const std::string& path) {
  const char* source = std::getenv("YARD_SOURCE");
  return fmt::format("{}/{}", source == nullptr ? "." : source, path);
}

// The server's process, and orders to it.
class ApiServer {
 public:
  explicit ApiServer(const harness::TempDir& directory) {
    auto authority = harness::TestAuthority::Make(directory, "cluster");
    auto leaf = authority.ok() ? authority->Issue({.name = "api"}) : authority.status();
    if (!leaf.ok()) {
      ADD_FAILURE() << leaf.status();
      return;
    }
    ca_file_ = authority->own().chain_path;
    const std::string ready = directory.Sub("api.ready");
    harness::ProcessOptions options;
    options.argv = {"/usr/bin/python3", SourcePath("tests/integration/kubernetes_api.py"), leaf->chain_path, leaf->key_path, ready};
    auto process = harness::Process::Start(std::move(options));
    if (!process.ok()) {
      ADD_FAILURE() << process.status();
      return;
    }
    process_ = *std::move(process);
    port_ = harness::WaitForPort(*process_, ready, "port").value_or(0);
    control_ = harness::WaitForPort(*process_, ready, "control").value_or(0);
  }

  std::string url() const { return fmt::format("https://127.0.0.1:{}", port_); }
  const std::string& ca_file() const { return ca_file_; }

  void Order(const std::string& json) {
    auto client = harness::RawHttpClient::Connect(control_);
    ASSERT_TRUE(client.ok()) << client.status();
    const auto done = client->Exchange(fmt::format("POST / HTTP/1.0\r\nContent-Length: {}\r\n\r\n{}", json.size(), json));
    ASSERT_TRUE(done.ok() && done->status() == 200) << json;
  }
  void Mode(const std::string& mode) { Order(fmt::format(R"({{"mode":"{}"}})", mode)); }
  // A slice of Service app whose endpoints are these ports of this host.
  void Put(const std::string& name, const std::vector<std::uint16_t>& ports, const std::string& conditions = R"({"ready":true})") {
    std::string endpoints;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      // One address can stand for one port only, so each has a loopback address of its own.
      endpoints += fmt::format(R"({}{{"addresses":["127.0.0.1"],"conditions":{},"zone":"z1"}})", i > 0 ? "," : "", conditions);
    }
    Order(fmt::format(R"({{"put":{{"metadata":{{"name":"{}","labels":{{"kubernetes.io/service-name":"app"}}}},"addressType":"IPv4",)"
                      R"("ports":[{{"name":"http","port":{},"protocol":"TCP"}}],"endpoints":[{}]}}}})",
                      name, ports.empty() ? 1 : ports[0], endpoints));
  }
  void Delete(const std::string& name) { Order(fmt::format(R"({{"delete":"{}"}})", name)); }
  std::string Requests() {
    auto client = harness::RawHttpClient::Connect(control_);
    if (!client.ok()) return {};
    const auto answer = client->Exchange("GET / HTTP/1.0\r\n\r\n");
    return answer.ok() ? answer->body : std::string();
  }

 private:
  std::string ca_file_;
  std::unique_ptr<harness::Process> process_;
  std::uint16_t port_ = 0;
  std::uint16_t control_ = 0;
};

constexpr const char* kUpstream = "discovery: {kubernetes: {namespace: shop, service: app, port: http}}";

class KubernetesTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteToken("first-token");
    harness::FleetOptions options;
    options.controller_flags = {"--kubernetes-api", api_.url(), "--kubernetes-ca-file", api_.ca_file(), "--kubernetes-token-file", directory_.Sub("token")};
    auto fleet = harness::Fleet::Start(options);
    ASSERT_TRUE(fleet.ok()) << fleet.status();
    fleet_ = *std::move(fleet);
  }
  void WriteToken(const std::string& token) { std::ofstream(directory_.Sub("token")) << token << "\n"; }

  // What a client gets now: a backend's name, or a status.
  std::string Answer(const Site& site) {
    auto client = site.Connect();
    const auto answer = client.Exchange(Get("/"));
    if (!answer.ok()) return answer.status().ToString();
    return answer->status() == 200 ? std::string(answer->Header("x-backend")) : std::to_string(answer->status());
  }
  bool Becomes(const Site& site, const std::string& wanted) {
    return Eventually([&] { return Answer(site) == wanted; });
  }
  std::string Yardctl(const std::vector<std::string>& arguments) {
    const auto done = fleet_->Yardctl(arguments);
    return done.ok() ? done->out + done->err : done.status().ToString();
  }
  bool Shows(const std::vector<std::string>& arguments, const std::string& wanted) {
    return Eventually([&] { return Yardctl(arguments).find(wanted) != std::string::npos; });
  }
  void RestartController() {
    fleet_->controller().Kill();
    const absl::Status started = fleet_->StartController();
    ASSERT_TRUE(started.ok()) << started;
  }

  const harness::TempDir directory_;
  ApiServer api_{directory_};
  std::unique_ptr<harness::Fleet> fleet_;
  RawBackend one_{RawBackend::Answering("one")};
  RawBackend two_{RawBackend::Answering("two")};
};

TEST_F(KubernetesTest, TrafficFollowsEndpointSlicesWithoutANewGeneration) {
  api_.Put("app-1", {one_.port()});
  const Site site({.upstream_line = kUpstream, .fleet = fleet_.get()});
  ASSERT_TRUE(site.ok());
  EXPECT_EQ(Answer(site), "one") << "the first answer was waited for";
  EXPECT_NE(api_.Requests().find("Bearer first-token"), std::string::npos);
  const std::string before = Yardctl({"history"});
  WriteToken("second-token");
  const SystemClock clock;
  const TimePoint start = clock.Now();
  api_.Put("app-1", {two_.port()});
  EXPECT_TRUE(Becomes(site, "two")) << Answer(site);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock.Now() - start);
  RecordProperty("endpoint_to_traffic_ms", static_cast<int>(took.count()));
  fmt::print("an endpoint change served traffic after {} ms\n", took.count());
  EXPECT_LT(took, std::chrono::seconds(5));
  EXPECT_EQ(Yardctl({"history"}), before) << "endpoints are no change of intent";
  EXPECT_TRUE(Shows({"weights", site.name()}, two_.address())) << Yardctl({"weights", site.name()});
  // Three slices are two pages of a list; the watch brings them one by one.
  api_.Put("app-2", {one_.port()});
  api_.Put("app-3", {});
  api_.Delete("app-1");
  EXPECT_TRUE(Becomes(site, "one"));
  api_.Delete("app-2");
  EXPECT_TRUE(Becomes(site, "503")) << "a list that is known to be empty is empty";
  EXPECT_TRUE(Shows({"overview"}, "has no endpoints")) << Yardctl({"overview"});
  api_.Put("app-4", {one_.port()});
  EXPECT_TRUE(Becomes(site, "one"));
  api_.Put("app-4", {one_.port()}, R"({"ready":false,"serving":false,"terminating":true})");
  EXPECT_TRUE(Becomes(site, "503"));
  // New requests carry the token of now.
  api_.Order(R"({"cut":true})");
  EXPECT_TRUE(Eventually([&] { return api_.Requests().find("Bearer second-token") != std::string::npos; }));
}

TEST_F(KubernetesTest, WhateverTheServerDoesTheLastListHoldsAndTheNextOneCounts) {
  api_.Put("app-1", {one_.port()});
  api_.Put("app-2", {});
  api_.Put("app-3", {});
  const Site site({.upstream_line = kUpstream, .fleet = fleet_.get()});
  ASSERT_TRUE(site.ok());
  ASSERT_EQ(Answer(site), "one");
  bool at_two = false;
  for (const std::string trouble : {"error", "garbage", "forbidden", "hang"}) {
    SCOPED_TRACE(trouble);
    api_.Mode(trouble);
    api_.Order(R"({"cut":true})");
    const std::string now = at_two ? "two" : "one";
    if (trouble != "hang") {
      EXPECT_TRUE(Shows({"overview"}, "endpoints cannot be watched")) << Yardctl({"overview"});
    }
    EXPECT_EQ(Answer(site), now);
    at_two = !at_two;
    // It happens while nobody looks.
    api_.Put("app-1", {at_two ? two_.port() : one_.port()});
    EXPECT_EQ(Answer(site), now);
    api_.Mode("ok");
    EXPECT_TRUE(Becomes(site, at_two ? "two" : "one"));
  }
  // Events that are forgotten: the watch that runs is told, and one that comes back too late as well.
  api_.Order(R"({"compact":true})");
  api_.Put("app-1", {two_.port()});
  EXPECT_TRUE(Becomes(site, "two"));
  api_.Mode("error");
  api_.Order(R"({"cut":true})");
  EXPECT_TRUE(Shows({"overview"}, "endpoints cannot be watched"));
  api_.Put("app-1", {one_.port()});
  api_.Order(R"({"compact":true})");
  api_.Mode("ok");
  EXPECT_TRUE(Becomes(site, "one"));
  EXPECT_TRUE(Eventually([&] { return Yardctl({"overview"}).find("endpoints cannot be watched") == std::string::npos; }));
}

TEST_F(KubernetesTest, AControllerThatStartsWithoutTheServerTakesNothingAway) {
  api_.Put("app-1", {one_.port()});
  const Site site({.upstream_line = kUpstream, .fleet = fleet_.get()});
  ASSERT_TRUE(site.ok());
  ASSERT_EQ(Answer(site), "one");
  const std::string lists = fleet_->directory().Sub("controller/kubernetes.lists");
  const auto kept = [&] {
    std::ifstream file(lists, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {}).find(one_.address()) != std::string::npos;
  };
  ASSERT_TRUE(Eventually(kept)) << "for the next start";
  // With the lists that were kept, changes go on as ever.
  api_.Mode("error");
  RestartController();
  {
    const Site other({.backends = {two_.address()}, .fleet = fleet_.get()});
    ASSERT_TRUE(other.ok());
    EXPECT_EQ(Answer(other), "two");
    EXPECT_EQ(Answer(site), "one");
  }
  // Without them an agent that serves is told nothing.
  fleet_->controller().Kill();
  ASSERT_TRUE(std::filesystem::remove(lists));
  ASSERT_TRUE(fleet_->StartController().ok());
  EXPECT_TRUE(Shows({"overview"}, "are not known")) << Yardctl({"overview"});
  EXPECT_TRUE(Shows({"overview"}, "endpoints cannot be watched")) << Yardctl({"overview"});
  EXPECT_EQ(Answer(site), "one");
  api_.Mode("ok");
  api_.Put("app-1", {two_.port()});
  EXPECT_TRUE(Becomes(site, "two"));
}

TEST_F(KubernetesTest, AServerThatIsNotTheClustersIsNotAsked) {
  harness::FleetOptions options;
  options.agents = 0;
  const harness::TempDir elsewhere;
  auto stranger = harness::TestAuthority::Make(elsewhere, "stranger");
  ASSERT_TRUE(stranger.ok());
  options.controller_flags = {"--kubernetes-api", api_.url(), "--kubernetes-ca-file", stranger->own().chain_path, "--kubernetes-token-file",
                              directory_.Sub("token")};
  auto fleet = harness::Fleet::Start(options);
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  fleet_ = *std::move(fleet);
  const auto applied = fleet_->Yardctl({"apply", "-f", "-"}, fmt::format("kind: Upstream\nname: app\nspec:\n  {}\n", kUpstream));
  ASSERT_TRUE(applied.ok() && applied->exit.code == 0) << (applied.ok() ? applied->err : applied.status().ToString());
  EXPECT_TRUE(Shows({"overview"}, "certificate")) << Yardctl({"overview"});
  EXPECT_EQ(api_.Requests().find("Bearer"), std::string::npos) << "the token went to nobody";
}

}  // namespace
}  // namespace switchyard::integration
