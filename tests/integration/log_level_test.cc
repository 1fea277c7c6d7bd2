// Goal: what an agent, all agents or the controller log changes while they run, by `yardctl logs level`, for a while or for good.
// Method: a request that its client leaves makes a line at level debug, one that cannot be forwarded a line at level warn; which of them comes is
// looked for in the programs' own output.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Eventually;
using harness::Fleet;
using harness::RawBackend;

class LogLevel : public testing::Test {
 protected:
  void SetUp() override {
    auto fleet = Fleet::Start({.agents = 2, .agent_flags = {"--access-log", "stdout"}});
    ASSERT_TRUE(fleet.ok()) << fleet.status();
    fleet_ = *std::move(fleet);
  }
  int SetLevel(std::vector<std::string> words) {
    words.insert(words.begin(), {"logs", "level"});
    const auto done = fleet_->Yardctl(std::move(words));
    EXPECT_TRUE(done.ok()) << done.status();
    return done.ok() ? done->exit.code : -1;
  }
  static std::size_t Count(const std::string& all, const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
    return count;
  }
  // How often the agent has said this.
  std::size_t Said(std::size_t agent, const std::string& text) { return Count(fleet_->agent(agent).Stderr(), text); }
  // So many agents are at this level, as yardctl shows it.
  bool AtLevel(const std::string& level, std::size_t agents) {
    return Eventually([&] { return Count(Agents(), fmt::format("\"level\": \"{}\"", level)) == agents; });
  }
  std::string Agents() {
    const auto done = fleet_->Yardctl({"agents", "-o", "json"});
    return done.ok() ? done->out : std::string();
  }

  std::unique_ptr<Fleet> fleet_;
};

TEST_F(LogLevel, ChangesWhileAnAgentRuns) {
  RawBackend silent([](BackendConnection& connection) {
    if (connection.ReadRequest().ok()) (void)connection.PeerCloses();
  });
  const Site site({.agents = "{node: agent-0}", .backends = {silent.address()}, .fleet = fleet_.get()});
  // Its line in the access log, on standard output, comes after the agent's own.
  std::size_t left = 0;
  const auto leave = [&] {
    auto client = site.Connect();
    const std::size_t before = silent.SeenRequests().size();
    ASSERT_TRUE(client.Send(Get(fmt::format("/left-{}", ++left))).ok());
    ASSERT_TRUE(Eventually([&] { return silent.SeenRequests().size() > before; }));
    client.Reset();
    ASSERT_TRUE(Eventually([&] { return fleet_->agent(0).Stdout().find(fmt::format("\"path\":\"/left-{}\"", left)) != std::string::npos; }));
  };
  const std::string line = "\"cause\":\"client_gone\"";
  leave();
  EXPECT_EQ(Said(0, line), 0U);

  EXPECT_EQ(SetLevel({"debug", "--agent", "agent-0"}), 0);
  ASSERT_TRUE(Eventually([&] { return Said(0, "log level changed") == 1; }));
  leave();
  EXPECT_TRUE(Eventually([&] { return Said(0, line) == 1; })) << fleet_->agent(0).Stderr();
  EXPECT_EQ(Said(1, "log level changed"), 0U);
  EXPECT_TRUE(AtLevel("DEBUG", 1)) << Agents();

  EXPECT_EQ(SetLevel({"info", "--agent", "agent-0"}), 0);
  ASSERT_TRUE(Eventually([&] { return Said(0, "log level changed") == 2; }));
  leave();
  EXPECT_EQ(Said(0, line), 1U);
}

TEST_F(LogLevel, HoldsForAWhileAndThenIsAsTheCommandLineSays) {
  EXPECT_EQ(SetLevel({"debug", "--agent", "*", "--for", "5s"}), 0);
  EXPECT_TRUE(AtLevel("DEBUG", 2)) << Agents();
  EXPECT_TRUE(AtLevel("INFO", 2)) << Agents();
}

TEST_F(LogLevel, SaysWhichAgentIsNotThere) {
  EXPECT_NE(SetLevel({"debug", "--agent", "nobody"}), 0);
  EXPECT_EQ(Said(0, "log level changed"), 0U);
}

TEST_F(LogLevel, ChangesTheController) {
  const auto apply = [&](const std::string& name) {
    return fleet_->Apply(fmt::format("kind: Upstream\nname: {}\nspec: {{backends: []}}\n", name));
  };
  EXPECT_EQ(SetLevel({"error", "--on-controller"}), 0);
  ASSERT_TRUE(apply("quiet").ok());
  EXPECT_EQ(fleet_->controller().Stderr().find("change committed"), std::string::npos);
  EXPECT_EQ(SetLevel({"info", "--on-controller"}), 0);
  ASSERT_TRUE(apply("loud").ok());
  EXPECT_TRUE(Eventually([&] { return fleet_->controller().Stderr().find("change committed") != std::string::npos; }));
}

// Whoever reads logs must not become whoever may change the fleet.
TEST_F(LogLevel, NeverShowsASecretOfTheFleet) {
  EXPECT_EQ(SetLevel({"debug", "--agent", "*", "--on-controller"}), 0);
  const auto token = fleet_->Yardctl({"token", "create"});
  ASSERT_TRUE(token.ok());
  ASSERT_TRUE(fleet_->AddAgent().ok());
  const std::string credential = harness::ReadFile(fleet_->directory().Sub("controller/admin.credential"));
  std::string all = fleet_->controller().Stderr() + fleet_->controller().Stdout();
  for (std::size_t i = 0; i < fleet_->size(); ++i) all += fleet_->agent(i).Stderr() + fleet_->agent(i).Stdout();
  EXPECT_EQ(all.find("syt1."), std::string::npos);
  EXPECT_EQ(all.find("PRIVATE KEY"), std::string::npos);
  ASSERT_FALSE(credential.empty());
  EXPECT_EQ(all.find(credential.substr(credential.size() / 2, 40)), std::string::npos);
}

}  // namespace
}  // namespace switchyard::integration
