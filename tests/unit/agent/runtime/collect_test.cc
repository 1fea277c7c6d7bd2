// Goal: what a data plane tells of its loops and pools is what they do. Method: a real data plane with one worker, raw sockets on both sides.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>

#include "agent/health/health_table.h"
#include "agent/runtime/data_plane.h"
#include "tests/harness/raw_backend.h"
#include "tests/harness/raw_http_client.h"
#include "tests/harness/socket.h"

namespace switchyard::agent::runtime {
namespace {

using harness::Eventually;
using harness::RawBackend;
using harness::RawHttpClient;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class Collect : public testing::Test {
 protected:
  void Serve(const RawBackend& backend) {
    auto plane = DataPlane::Start({.workers = 1, .seed = 1, .clock = &clock_, .health = &health_});
    ASSERT_TRUE(plane.ok()) << plane.status();
    plane_ = *std::move(plane);
    v1::Snapshot snapshot;
    snapshot.set_generation(1);
    v1::Resource& upstream = *snapshot.add_resources();
    upstream.set_name("app");
    upstream.mutable_upstream()->add_backends()->set_address(backend.address());
    upstream.mutable_upstream()->mutable_pool()->set_max_connections_per_backend(1);
    upstream.mutable_upstream()->mutable_pool()->set_max_pending(1);
    v1::Resource& route = *snapshot.add_resources();
    route.set_name("all");
    route.mutable_route()->add_listeners("web");
    route.mutable_route()->mutable_forward()->add_upstreams()->set_upstream("app");
    v1::Resource& listener = *snapshot.add_resources();
    listener.set_name("web");
    listener.mutable_listener()->set_address("127.0.0.1");
    listener.mutable_listener()->set_port(port_.port());
    std::promise<bool> applied;
    plane_->Apply(snapshot, [&](config::ApplyOutcome outcome) { applied.set_value(outcome.applied && outcome.violations.empty()); });
    ASSERT_TRUE(applied.get_future().get());
  }
  RawHttpClient Connect() const {
    auto client = RawHttpClient::Connect(port_.port());
    EXPECT_TRUE(client.ok()) << client.status();
    return client.ok() ? *std::move(client) : RawHttpClient::Unconnected();
  }
  report::Window Now() {
    std::promise<report::Window> window;
    plane_->Collect([&](report::Window got) { window.set_value(std::move(got)); });
    return window.get_future().get();
  }
  report::BackendWindow Backend() {
    report::Window window = Now();
    return window.backends["app"].empty() ? report::BackendWindow() : window.backends["app"].begin()->second;
  }

 private:
  SystemClock clock_;
  health::HealthTable health_;
  harness::ReservedPort port_;
  std::unique_ptr<DataPlane> plane_;
};

TEST_F(Collect, TellsHowLongTheTurnsOfAWorkerTook) {
  const RawBackend backend;
  Serve(backend);
  ASSERT_TRUE(Connect().Exchange(kGet).ok());
  const report::Window window = Now();
  ASSERT_TRUE(window.turns.contains(0));
  EXPECT_GT(window.turns.at(0).count(), 1U);
  // Each turn is told once; what is left are those of being asked.
  EXPECT_LT(Now().turns.at(0).count(), window.turns.at(0).count() + 1);
}

TEST_F(Collect, TellsIdleConnectionsFromBusyOnes) {
  const RawBackend backend;
  Serve(backend);
  ASSERT_TRUE(Connect().Exchange(kGet).ok());
  const report::BackendWindow window = Backend();
  EXPECT_EQ(window.connections, 1U);
  EXPECT_EQ(window.idle, 1U);
  EXPECT_EQ(window.connecting, 0U);
}

TEST_F(Collect, TellsWhoWaitsAndWhoWasTurnedAway) {
  RawBackend silent([](harness::BackendConnection& connection) {
    if (connection.ReadRequest().ok()) (void)connection.PeerCloses();
  });
  Serve(silent);
  RawHttpClient first = Connect();
  ASSERT_TRUE(first.Send(kGet).ok());
  ASSERT_TRUE(Eventually([&] { return !silent.SeenRequests().empty(); }));
  report::BackendWindow window = Backend();
  EXPECT_EQ(window.connections, 1U);
  EXPECT_EQ(window.idle, 0U);
  RawHttpClient second = Connect();
  ASSERT_TRUE(second.Send(kGet).ok());
  ASSERT_TRUE(Eventually([&] { return Backend().waiting == 1; }));
  const auto refused = Connect().Exchange(kGet);
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->Header("x-switchyard-cause"), "pool_exhausted");
  EXPECT_EQ(Backend().pool_exhausted, 1U);
  EXPECT_EQ(Backend().pool_exhausted, 0U);
}

}  // namespace
}  // namespace switchyard::agent::runtime
