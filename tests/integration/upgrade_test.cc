// Goal: a new agent takes the place of the old one, and no client notices beyond being asked to come again.
// Method: real agents under clients that keep their connections, WebSockets and event streams; every failed connect, reset and unanswered
// request counts. YARD_UPGRADE_CLIENTS, _STREAMS and _ROUNDS make it larger.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <thread>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Eventually;
using harness::Fleet;
using harness::RawBackend;
using harness::RawHttpClient;

constexpr char kUpgrade[] =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n";

int Setting(const char* name, int usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : std::atoi(text);
}

// `/ws` echoes, `/events` streams until the client leaves, all else is answered.
void Serve(BackendConnection& connection) {
  for (;;) {
    auto request = connection.ReadHead();
    if (!request.ok()) return;
    if (request->start_line.starts_with("GET /ws ")) {
      (void)connection.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      while (true) {
        auto byte = connection.ReadBytes(1, std::chrono::minutes(5));
        if (!byte.ok() || !connection.Write(*byte).ok()) return;
      }
    }
    if (request->start_line.starts_with("GET /events ")) {
      (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
      while (!connection.PeerCloses(std::chrono::milliseconds(100))) {
        if (!connection.Write("data: x\n\n").ok()) return;
      }
      return;
    }
    if (!connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()) return;
  }
}

// Clients that send request after request over connections they keep, on a few threads.
class Crowd {
 public:
  Crowd(std::uint16_t port, int clients) : port_(port) {
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this, clients] { Run(std::max(1, clients / kThreads)); });
  }
  ~Crowd() { Stop(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  std::atomic<int> requests = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> failed = 0;
  std::atomic<int> asked_to_leave = 0;

 private:
  static constexpr int kThreads = 4;
  // The rest is only counted.
  static constexpr int kTold = 20;

  void Run(int clients) {
    std::vector<RawHttpClient> all;
    for (int i = 0; i < clients; ++i) all.push_back(Connect());
    while (!stop_) {
      for (RawHttpClient& client : all) {
        if (stop_) return;
        auto answer = client.Exchange(Get("/"));
        ++requests;
        if (!answer.ok() || answer->status() != 200) {
          if (++failed <= kTold) ADD_FAILURE() << "a request was lost: " << answer.status() << (answer.ok() ? ": " + answer->start_line : "");
        }
        const bool leave = answer.ok() && answer->Header("connection") == "close";
        if (leave) ++asked_to_leave;
        if (leave || !answer.ok()) client = Connect();
      }
      poll(nullptr, 0, 5);
    }
  }

  RawHttpClient Connect() {
    auto client = RawHttpClient::Connect(port_);
    if (client.ok()) return *std::move(client);
    if (++refused <= kTold) ADD_FAILURE() << "a connection was refused: " << client.status();
    return RawHttpClient::Unconnected();
  }

  const std::uint16_t port_;
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

struct Streams {
  std::vector<RawHttpClient> sockets;
  std::vector<RawHttpClient> events;

  void Open(const Site& site, int count) {
    for (int i = 0; i < count; ++i) {
      sockets.push_back(site.Connect());
      ASSERT_TRUE(sockets.back().Send(kUpgrade).ok());
      events.push_back(site.Connect());
      ASSERT_TRUE(events.back().Send(Get("/events")).ok());
      auto up = sockets.back().ReadResponseHead();
      ASSERT_TRUE(up.ok() && up->status() == 101) << up.status();
      auto streaming = events.back().ReadResponseHead();
      ASSERT_TRUE(streaming.ok() && streaming->status() == 200) << streaming.status();
    }
  }
  void ExpectAlive() {
    for (RawHttpClient& socket : sockets) {
      ASSERT_TRUE(socket.Send("e").ok());
      auto echo = socket.ReadBytes(1);
      ASSERT_TRUE(echo.ok()) << "a WebSocket was cut: " << echo.status();
      EXPECT_EQ(*echo, "e");
    }
    for (RawHttpClient& stream : events) {
      auto some = stream.ReadBytes(9);
      ASSERT_TRUE(some.ok()) << "an event stream was cut: " << some.status();
    }
  }
};

std::unique_ptr<Fleet> StartFleet(const std::string& drain) {
  auto fleet = Fleet::Start({.agent_flags = {"--drain-timeout", drain}});
  if (!fleet.ok()) ADD_FAILURE() << fleet.status();
  return fleet.ok() ? *std::move(fleet) : nullptr;
}

TEST(Upgrade, LosesNoConnectionAndNoRequest) {
  const int rounds = Setting("YARD_UPGRADE_ROUNDS", 1);
  const int streams = Setting("YARD_UPGRADE_STREAMS", 20);
  auto fleet = StartFleet(std::getenv("YARD_UPGRADE_DRAIN") != nullptr ? std::getenv("YARD_UPGRADE_DRAIN") : "16s");
  ASSERT_NE(fleet, nullptr);
  // Each stream has a connection of its own to a backend, and a backend of ours takes 256.
  std::list<RawBackend> backends;
  std::vector<std::string> addresses;
  for (int held = 0; held <= 2 * streams; held += 128) addresses.push_back(backends.emplace_back(&Serve).address());
  const Site site({.backends = addresses, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  Crowd crowd(site.port(), Setting("YARD_UPGRADE_CLIENTS", 100));
  for (int round = 0; round < rounds; ++round) {
    Streams open;
    open.Open(site, streams);
    const int left_before = crowd.asked_to_leave;
    auto old = fleet->UpgradeAgent(0);
    ASSERT_TRUE(old.ok()) << old.status();
    open.ExpectAlive();
    ASSERT_TRUE(Eventually([&] {
      auto agents = fleet->Yardctl({"agents"});
      return agents.ok() && agents->out.find("before") != std::string::npos && agents->out.find("draining") != std::string::npos;
    })) << fleet->Yardctl({"agents"})->out;
    // Every kept connection is asked to move, over a while; the streams outlive that.
    ASSERT_TRUE(Eventually([&] { return crowd.asked_to_leave - left_before >= Setting("YARD_UPGRADE_CLIENTS", 100); }));
    open.ExpectAlive();
    open = {};
    auto exit = (*old)->Wait();
    ASSERT_TRUE(exit.ok()) << exit.status();
    EXPECT_EQ(exit->code, 0) << (*old)->Describe();
    EXPECT_TRUE(Eventually([&] { return fleet->Yardctl({"agents"})->out.find("before") == std::string::npos; }));
  }
  crowd.Stop();
  fmt::print("{} requests over {} upgrades: {} refused, {} failed, {} asked to come again\n", crowd.requests.load(), rounds, crowd.refused.load(),
             crowd.failed.load(), crowd.asked_to_leave.load());
  EXPECT_EQ(crowd.refused, 0);
  EXPECT_EQ(crowd.failed, 0);
}

TEST(Upgrade, TheNewAgentHasTheConfigurationTheNameAndThePorts) {
  auto fleet = StartFleet("2s");
  ASSERT_NE(fleet, nullptr);
  RawBackend backend(RawBackend::Answering("first"));
  const Site site({.backends = {backend.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  const std::uint16_t admin = fleet->admin_port(0);
  auto old = fleet->UpgradeAgent(0);
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(fleet->admin_port(0), admin);
  // What is applied from here on goes to the new one.
  RawBackend second(RawBackend::Answering("second"));
  ASSERT_TRUE(fleet->Apply(site.Yaml({.backends = {second.address()}})).ok());
  auto answer = site.Connect().Exchange(Get("/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->Header("x-backend"), "second");
  // The directory is the new one's alone: it is found locked, and what it says is kept.
  const auto third = fleet->SpareAgent(0, {});
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->exit.code, 1);
  EXPECT_NE(third->err.find("in use by another agent"), std::string::npos) << third->err;
  fleet->agent(0).Kill();
  ASSERT_TRUE((*old)->Wait().ok());
  ASSERT_TRUE(fleet->StartAgent(0).ok());
  EXPECT_EQ(site.Connect().Exchange(Get("/"))->Header("x-backend"), "second");
}

TEST(Upgrade, AnAgentKilledInTheMiddleLeavesAServingOne) {
  auto fleet = StartFleet("2s");
  ASSERT_NE(fleet, nullptr);
  RawBackend backend;
  const Site site({.backends = {backend.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  // The new one dies at some point of its start, each time a little later.
  for (int pause = 0; pause <= 60; pause += 6) {
    auto dying = fleet->StartSpareAgent(0, {"--take-over", "--ready-file", fleet->directory().Sub("dying.ready")});
    ASSERT_TRUE(dying.ok());
    poll(nullptr, 0, pause);
    if (std::filesystem::exists(fleet->directory().Sub("dying.ready"))) {
      // It made it: then the old one is on its way out, and this is the agent now.
      fleet->Adopt(0, *std::move(dying));
      std::filesystem::remove(fleet->directory().Sub("dying.ready"));
    } else {
      (*dying)->Kill();
    }
    // Killed after it had taken the place, before it could say so: then the agent itself was killed, and nobody is left to serve.
    const auto too_late = [&] { return fleet->agent(0).Describe().find("\"handed over\"") != std::string::npos; };
    ASSERT_TRUE(Eventually([&] {
      auto client = RawHttpClient::Connect(site.port());
      if (!client.ok()) return too_late();
      auto answer = client->Exchange(Get("/"));
      return (answer.ok() && answer->status() == 200) || too_late();
    })) << "pause " << pause << "ms: " << fleet->agent(0).Describe();
    if (too_late()) return;
  }
  // The old one dies right after: the new one has everything.
  auto old = fleet->UpgradeAgent(0);
  ASSERT_TRUE(old.ok()) << old.status();
  (*old)->Kill();
  EXPECT_EQ(site.Connect().Exchange(Get("/"))->status(), 200);
}

TEST(Upgrade, ASignalStartsTheNewProcess) {
  auto fleet = StartFleet("1s");
  ASSERT_NE(fleet, nullptr);
  RawBackend backend;
  const Site site({.backends = {backend.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  const std::string ready = fleet->directory().Sub("agent-0.ready");
  std::filesystem::remove(ready);
  fleet->agent(0).Signal(SIGUSR2);
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(ready); })) << fleet->agent(0).Describe();
  auto exit = fleet->agent(0).Wait();
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->code, 0);
  EXPECT_EQ(site.Connect().Exchange(Get("/"))->status(), 200) << "the new process serves";
  std::ifstream file(ready);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const pid_t pid = std::atoi(text.substr(text.find(':') + 1).c_str());
  ASSERT_GT(pid, 1);
  // Not our child: it goes when it is told to.
  kill(pid, SIGKILL);
}

}  // namespace
}  // namespace switchyard::integration
