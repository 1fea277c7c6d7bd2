// Each page against a fake agent, and each way of asking wrongly.
#include "agent/admin/admin_pages.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/agent/admin/fake_view.h"

namespace switchyard::agent::admin {
namespace {

class AdminPagesTest : public testing::Test {
 protected:
  Page Get(std::string_view target, std::string_view host = "127.0.0.1:7401") { return Answer({"GET", target, host}, false, view_); }
  FakeView view_;
};

TEST_F(AdminPagesTest, LiveIsAlwaysLive) { EXPECT_EQ(Get("/live").status, 200U); }

TEST_F(AdminPagesTest, ReadySaysWhyNot) {
  view_.facts.readiness = {false, "draining"};
  const Page page = Get("/ready");
  EXPECT_EQ(page.status, 503U);
  EXPECT_EQ(page.body, "draining\n");
  view_.facts.readiness = {true, "serving generation 7"};
  EXPECT_EQ(Get("/ready?verbose=1").status, 200U);
}

TEST_F(AdminPagesTest, MetricsAreFresh) {
  view_.snapshot.set_generation(7);
  const Page page = Get("/metrics");
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(page.body.find("switchyard_config_generation 7\n"), std::string::npos);
}

TEST_F(AdminPagesTest, SnapshotIsJsonOnceThereIsOne) {
  EXPECT_EQ(Get("/snapshot").status, 404U);
  view_.snapshot.set_generation(7);
  view_.snapshot.add_resources()->set_name("web");
  view_.snapshot.mutable_resources(0)->mutable_upstream()->add_backends()->set_address("10.0.0.1:80");
  const Page page = Get("/snapshot");
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.content_type, "application/json");
  EXPECT_NE(page.body.find("10.0.0.1:80"), std::string::npos);
}

TEST_F(AdminPagesTest, StatusTellsWhatIsWrong) {
  AgentFacts& facts = view_.facts;
  facts.node = "web-1";
  facts.readiness = {true, "serving generation 7"};
  facts.data_plane.generation = 7;
  facts.data_plane.listeners.push_back({"edge", "0.0.0.0:8080"});
  facts.controller_address = "10.0.0.9:7400";
  facts.controller.state = config::ControllerState::kWaiting;
  facts.controller.last_error = "connection \"refused\"";
  facts.certificate_not_after = WallTime(std::chrono::seconds(1'767'225'600));
  facts.now = WallTime(std::chrono::seconds(1'767'225'500));
  v1::Violation violation;
  violation.mutable_resource()->set_kind(v1::KIND_LISTENER);
  violation.mutable_resource()->set_name("edge2");
  violation.set_field("spec.port");
  violation.set_reason("address in use");
  facts.quarantined.push_back(violation);
  facts.probes.push_back({"web", "10.0.0.1:80", health::HealthState::kHealthy, "status 200"});
  facts.probes.push_back({"web", "10.0.0.2:80", health::HealthState::kUnhealthy, "connect refused"});
  const std::string body = Get("/status").body;
  for (const char* part :
       {R"("node":"web-1")", R"("ready":true)", R"("generation":7)", R"("state":"waiting")", R"("last_error":"connection \"refused\"")",
        R"("not_after":"2026-01-01T00:00:00Z")", R"("expires_in_seconds":100)", R"({"name":"edge","address":"0.0.0.0:8080"})",
        R"({"resource":"Listener/edge2","field":"spec.port","reason":"address in use"})",
        R"("health":[{"upstream":"web","backend":"10.0.0.2:80","state":"unhealthy")"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << " in " << body;
  }
}

TEST_F(AdminPagesTest, StatusBoundsTheHealthRows) {
  view_.facts.probes.assign(1500, {"web", "10.0.0.1:80", health::HealthState::kHealthy, ""});
  EXPECT_NE(Get("/status").body.find(R"("health_omitted":500)"), std::string::npos);
}

TEST_F(AdminPagesTest, AnswersOnlyReading) {
  EXPECT_EQ(Answer({"POST", "/live", "localhost"}, false, view_).status, 405U);
  EXPECT_EQ(Answer({"HEAD", "/live", "localhost"}, false, view_).status, 200U);
}

TEST_F(AdminPagesTest, NamesThePagesThereAre) {
  EXPECT_EQ(Get("/").status, 200U);
  const Page page = Get("/nothing");
  EXPECT_EQ(page.status, 404U);
  EXPECT_NE(page.body.find("/metrics"), std::string::npos);
  EXPECT_EQ(PageName("/nothing"), "other");
  EXPECT_EQ(PageName("/live?x"), "/live");
}

TEST_F(AdminPagesTest, RefusesForeignHostNames) {
  for (const char* host : {"evil.example", "evil.example:7401", "127.0.0.1.evil.example:7401", "[::1"}) EXPECT_EQ(Get("/snapshot", host).status, 421U) << host;
  for (const char* host : {"", "localhost", "localhost:7401", "127.0.0.1", "[::1]:7401"}) EXPECT_EQ(Get("/live", host).status, 200U) << host;
  EXPECT_EQ(Answer({"GET", "/live", "agent.example"}, true, view_).status, 200U);
}

}  // namespace
}  // namespace switchyard::agent::admin
