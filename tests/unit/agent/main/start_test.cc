// The real program without a controller: it is started on a prepared data directory, watched through its ready file and admin port, and ended
// by signals. What it serves comes from the last-good file alone.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/config/last_good_file.h"
#include "common/base/status.h"
#include "common/config/snapshot_digest.h"
#include "fmt/format.h"
#include "tests/harness/deadline.h"
#include "tests/harness/process.h"
#include "tests/harness/raw_http_client.h"
#include "tests/harness/ready_file.h"
#include "tests/harness/socket.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::agent {
namespace {

std::string Program() {
  const char* bin = std::getenv("YARD_BIN");
  return std::string(bin != nullptr ? bin : "bin") + "/yard-agent";
}

// A listener on a port of the kernel's choice, and nothing behind it.
v1::Snapshot SnapshotAt(std::uint64_t generation) {
  v1::Snapshot snapshot;
  snapshot.set_generation(generation);
  v1::Resource& listener = *snapshot.add_resources();
  listener.set_name("edge");
  listener.mutable_listener()->set_address("127.0.0.1");
  snapshot.set_digest(switchyard::config::SnapshotDigest(snapshot.resources()));
  return snapshot;
}

class AgentStartTest : public testing::Test {
 protected:
  void Store(std::uint64_t generation) { ASSERT_TRUE(config::LastGoodFile(directory_.path()).Store(SnapshotAt(generation)).ok()); }

  std::unique_ptr<harness::Process> Launch(std::vector<std::string> more = {}) {
    harness::ProcessOptions options;
    options.argv = {Program(), "--data-dir", directory_.path(), "--admin-listen", "127.0.0.1:0", "--workers", "1", "--ready-file", ready_};
    options.argv.insert(options.argv.end(), more.begin(), more.end());
    std::filesystem::remove(ready_);
    auto process = harness::Process::Start(std::move(options));
    EXPECT_TRUE(process.ok()) << Message(process.status());
    return *std::move(process);
  }
  // Waits for the ready file and asks the admin port.
  std::string Get(harness::Process& process, const std::string& path) {
    const auto port = harness::WaitForPort(process, ready_, "admin_port");
    if (!port.ok()) return std::string(Message(port.status()));
    auto client = harness::RawHttpClient::Connect(*port);
    if (!client.ok()) return std::string(Message(client.status()));
    const auto answer = client->Exchange("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return answer.ok() ? answer->body : std::string(Message(answer.status()));
  }

  harness::TempDir temp_;
  harness::TempDir directory_;
  const std::string ready_ = temp_.Sub("ready.json");
};

TEST_F(AgentStartTest, ServesTheLastGoodConfigurationWithoutAController) {
  Store(41);
  Store(42);
  const auto agent = Launch();
  EXPECT_EQ(Get(*agent, "/ready"), "serving generation 42\n") << agent->Stderr();
  EXPECT_NE(harness::ReadFile(ready_).find("\"generation\":42"), std::string::npos);
}

TEST_F(AgentStartTest, ServesWhileTheControllerCannotBeReached) {
  Store(42);
  const auto agent = Launch({"--controller", "127.0.0.1:1"});
  EXPECT_EQ(Get(*agent, "/ready"), "serving generation 42\n") << agent->Stderr();
  EXPECT_NE(Get(*agent, "/status").find("has not joined a fleet yet"), std::string::npos);
}

TEST_F(AgentStartTest, FallsBackToThePreviousConfigurationAndSaysSo) {
  Store(41);
  Store(42);
  directory_.Write("snapshot.last", "torn");
  const auto agent = Launch();
  EXPECT_EQ(Get(*agent, "/ready"), "serving generation 41\n") << agent->Stderr();
  EXPECT_NE(agent->Stderr().find("snapshot.last"), std::string::npos);
}

TEST_F(AgentStartTest, ServesTheLastGoodVersionOfWhatIsInQuarantineUntilItCanBeHad) {
  auto squatter = harness::Socket::ListenLoopback();
  ASSERT_TRUE(squatter.ok());
  const int port = squatter->port();
  v1::Snapshot snapshot = SnapshotAt(42);
  *snapshot.add_held() = snapshot.resources(0);
  snapshot.mutable_resources(0)->mutable_listener()->set_port(port);
  snapshot.set_digest(switchyard::config::SnapshotDigest(snapshot.resources()));
  ASSERT_TRUE(config::LastGoodFile(directory_.path()).Store(snapshot).ok());
  const auto agent = Launch();
  const std::string status = Get(*agent, "/status");
  EXPECT_NE(status.find("in use"), std::string::npos) << status;
  EXPECT_NE(status.find("\"address\":\"127.0.0.1:0\""), std::string::npos) << "the last good address serves: " << status;
  // Nobody changes the configuration; the port is free, and that is enough.
  const std::string moved = fmt::format("\"address\":\"127.0.0.1:{}\"", port);
  squatter->Close();
  std::string now;
  EXPECT_TRUE(harness::Eventually([&] { return (now = Get(*agent, "/status")).find(moved) != std::string::npos; })) << now;
  EXPECT_EQ(now.find("in use"), std::string::npos) << now;
}

TEST_F(AgentStartTest, DrainsOnTermAndEndsWell) {
  Store(42);
  const auto agent = Launch();
  ASSERT_EQ(Get(*agent, "/live"), "live\n") << agent->Stderr();
  agent->Signal(SIGHUP);
  agent->Signal(SIGTERM);
  const auto exit = agent->Wait();
  ASSERT_TRUE(exit.ok()) << Message(exit.status());
  EXPECT_EQ(exit->code, 0) << agent->Stderr();
}

TEST_F(AgentStartTest, StartsAgainAfterAKill) {
  Store(42);
  for (int i = 0; i < 3; ++i) {
    const auto agent = Launch();
    EXPECT_EQ(Get(*agent, "/ready"), "serving generation 42\n") << agent->Stderr();
    agent->Kill();
  }
}

TEST_F(AgentStartTest, RefusesADirectoryThatIsInUse) {
  Store(42);
  const auto first = Launch();
  ASSERT_EQ(Get(*first, "/live"), "live\n");
  const auto second = Launch();
  const auto exit = second->Wait();
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->code, 1);
  EXPECT_NE(second->Stderr().find("in use by another agent"), std::string::npos) << second->Stderr();
}

TEST_F(AgentStartTest, SaysWhatIsMissingWhenThereIsNothingToServe) {
  const auto agent = Launch();
  const auto exit = agent->Wait();
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->code, 1);
  EXPECT_NE(agent->Stderr().find("give --controller HOST:PORT"), std::string::npos) << agent->Stderr();
}

TEST_F(AgentStartTest, SaysHowToJoin) {
  const auto agent = Launch({"--controller", "127.0.0.1:1"});
  const auto exit = agent->Wait();
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->code, 1);
  EXPECT_NE(agent->Stderr().find("yardctl token create"), std::string::npos) << agent->Stderr();
}

}  // namespace
}  // namespace switchyard::agent
