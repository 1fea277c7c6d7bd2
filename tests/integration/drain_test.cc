// Goal: an agent that is told to stop loses no request, and one that is killed comes back serving.
// Method: a fleet of its own for each test; SIGTERM while a request is under way; SIGKILL with and without a controller.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <future>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Fleet;
using harness::RawBackend;

std::unique_ptr<Fleet> StartFleet(harness::FleetOptions options = {}) {
  auto fleet = Fleet::Start(std::move(options));
  if (!fleet.ok()) {
    ADD_FAILURE() << fleet.status();
    return nullptr;
  }
  return *std::move(fleet);
}

TEST(Drain, FinishesWhatIsUnderWayAndThenEnds) {
  auto fleet = StartFleet();
  ASSERT_NE(fleet, nullptr);
  std::promise<void> answer_now;
  auto gate = answer_now.get_future().share();
  RawBackend backend([gate](BackendConnection& connection) {
    if (!connection.ReadRequest().ok()) return;
    gate.wait_for(harness::kPatience);
    (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  auto idle = site.Connect();
  auto busy = site.Connect();
  ASSERT_TRUE(busy.Send(Get("/")).ok());
  ASSERT_TRUE(harness::Eventually([&] { return backend.SeenRequests().size() == 1; }));
  fleet->agent(0).Signal(SIGTERM);
  EXPECT_TRUE(idle.ExpectClose().ok()) << "an idle connection stays open in a drain";
  EXPECT_TRUE(harness::Eventually([&] { return !harness::RawHttpClient::Connect(site.port()).ok(); })) << "still accepting";
  EXPECT_TRUE(fleet->agent(0).Running());
  answer_now.set_value();
  auto answer = busy.ReadResponse();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "ok");
  EXPECT_EQ(answer->Header("connection"), "close");
  auto exit = fleet->agent(0).Wait();
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->code, 0) << fleet->agent(0).Describe();
}

TEST(Drain, WaitsNoLongerThanItsBound) {
  auto fleet = StartFleet({.agent_flags = {"--drain-timeout", "300ms"}});
  ASSERT_NE(fleet, nullptr);
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  auto busy = site.Connect();
  ASSERT_TRUE(busy.Send(Get("/")).ok());
  ASSERT_TRUE(harness::Eventually([&] { return backend.SeenRequests().size() == 1; }));
  fleet->agent(0).Signal(SIGTERM);
  auto exit = fleet->agent(0).Wait();
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->code, 0);
}

TEST(Restart, AnAgentServesItsLastGoodFileWithoutAController) {
  auto fleet = StartFleet();
  ASSERT_NE(fleet, nullptr);
  RawBackend backend;
  const Site site({.backends = {backend.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  ASSERT_EQ(site.Connect().Exchange(Get("/"))->status(), 200);
  fleet->controller().Kill();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(site.Connect().Exchange(Get("/"))->status(), 200) << "an agent must not need its controller to serve";
    fleet->agent(0).Kill();
    const absl::Status started = fleet->StartAgent(0);
    ASSERT_TRUE(started.ok()) << started;
    ASSERT_TRUE(harness::Eventually([&] { return harness::RawHttpClient::Connect(site.port()).ok(); }));
    auto answer = site.Connect().Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200);
  }
  ASSERT_TRUE(fleet->StartController().ok());
}

TEST(Restart, AControllerKeepsWhatItAcknowledged) {
  auto fleet = StartFleet();
  ASSERT_NE(fleet, nullptr);
  RawBackend first(RawBackend::Answering("first"));
  const Site site({.backends = {first.address()}, .fleet = fleet.get()});
  ASSERT_TRUE(site.ok());
  fleet->controller().Kill();
  ASSERT_TRUE(fleet->StartController().ok());
  auto list = fleet->Yardctl({"get", "all", "-o", "name"});
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_NE(list->out.find("Upstream/" + site.name()), std::string::npos) << list->out << list->err;
  // The agent comes back on its own and takes the next change.
  RawBackend second(RawBackend::Answering("second"));
  SiteOptions changed{.backends = {second.address()}};
  const absl::Status applied = fleet->Apply(site.Yaml(changed));
  EXPECT_TRUE(applied.ok()) << applied;
  EXPECT_TRUE(harness::Eventually([&] {
    auto answer = site.Connect().Exchange(Get("/"));
    return answer.ok() && answer->Header("x-backend") == "second";
  }));
}

}  // namespace
}  // namespace switchyard::integration
