// Goal: the admin API as a client sees it: who may call, what errors carry, watching, tokens, figures. Method: a whole controller in this
// process and a real client.
#include <chrono>

#include "common/rpc/grpc_status.h"
#include "tests/unit/controlplane/controller_fixture.h"

namespace switchyard::controlplane {
namespace {

class FleetServiceTest : public ControllerFixture {
 protected:
  void SetUp() override {
    ControllerFixture::SetUp();
    StartController();
  }
};

TEST_F(FleetServiceTest, InvalidArgumentCarriesEveryViolation) {
  const auto applied = ApplyAndWait({MakeRoute("all", "nowhere", "nothing"), MakeListener("web", 0)});
  EXPECT_EQ(applied.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const auto violations = rpc::ViolationsOf(applied.status);
  EXPECT_GE(violations.violations_size(), 3);
  EXPECT_EQ(violations.total(), static_cast<unsigned>(violations.violations_size()));
}

TEST_F(FleetServiceTest, AThousandViolationsFitTheAnswer) {
  std::vector<v1::Resource> resources;
  for (int i = 0; i < 3000; ++i) resources.push_back(MakeUpstream("u" + std::to_string(i), "not an address"));
  const auto applied = ApplyAndWait(resources);
  EXPECT_EQ(applied.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << applied.status.error_message();
  const auto violations = rpc::ViolationsOf(applied.status);
  EXPECT_EQ(violations.total(), 3000u);
  EXPECT_EQ(violations.violations_size(), 1000);
}

TEST_F(FleetServiceTest, AuthorDefaultsToTheNameOfTheCredential) {
  ASSERT_TRUE(ApplyAndWait(MakeSite(), 0).status.ok());
  grpc::ClientContext context;
  v1::HistoryResponse history;
  ASSERT_TRUE(admin_->History(&context, {}, &history).ok());
  EXPECT_EQ(history.entries(0).author(), "admin");
}

TEST_F(FleetServiceTest, DryRunWithWaitDoesNotWait) {
  AddAgents(1);
  v1::ApplyRequest request;
  const auto site = MakeSite();
  request.mutable_resources()->Assign(site.begin(), site.end());
  request.set_dry_run(true);
  request.mutable_wait()->set_seconds(60);
  const auto applied = Apply(request);
  ASSERT_TRUE(applied.status.ok());
  EXPECT_EQ(applied.response.changes_size(), 3);
  EXPECT_FALSE(applied.response.has_convergence());
}

TEST_F(FleetServiceTest, DeleteWaitsLikeApply) {
  AddAgents(2);
  ASSERT_TRUE(ApplyAndWait(MakeSite()).status.ok());
  v1::DeleteRequest request;
  *request.add_keys() = MakeKey(v1::KIND_ROUTE, "all");
  request.mutable_wait()->set_seconds(20);
  grpc::ClientContext context;
  v1::DeleteResponse response;
  ASSERT_TRUE(admin_->Delete(&context, request, &response).ok());
  EXPECT_TRUE(response.convergence().complete());
  EXPECT_EQ(agents_[0]->snapshot().resources_size(), 1);
}

TEST_F(FleetServiceTest, AWaitingClientThatLeavesIsForgotten) {
  AddAgents(1, false);
  agents_[0]->judge = [](const v1::ConfigDelta&, v1::ConfigStatus& status) { status.set_generation(999); };  // never answers
  agents_[0]->Connect();
  WaitForConnected();
  v1::ApplyRequest request;
  const auto site = MakeSite();
  request.mutable_resources()->Assign(site.begin(), site.end());
  request.mutable_wait()->set_seconds(600);
  grpc::ClientContext context;
  context.set_deadline(gpr_time_from_millis(300, GPR_TIMESPAN));
  v1::ApplyResponse response;
  EXPECT_EQ(admin_->Apply(&context, request, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // Stopping would hang or crash if the call were still referred to.
  controller_->Stop();
}

TEST_F(FleetServiceTest, WatchDeliversTheHistoryAndThenLiveChanges) {
  ASSERT_TRUE(ApplyAndWait(MakeSite(), 0).status.ok());
  grpc::ClientContext context;
  auto watch = admin_->Watch(&context, {});
  v1::WatchResponse change;
  ASSERT_TRUE(watch->Read(&change));
  EXPECT_EQ(change.entry().generation(), 1u);
  EXPECT_EQ(change.resources_size(), 3);
  for (std::uint64_t g = 2; g <= 20; ++g) {
    ASSERT_TRUE(ApplyAndWait({MakeUpstream("app", "10.0.0." + std::to_string(g) + ":80")}, 0).status.ok());
    ASSERT_TRUE(watch->Read(&change));
    EXPECT_EQ(change.entry().generation(), g);
  }
  context.TryCancel();
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(FleetServiceTest, StopEndsWatchers) {
  grpc::ClientContext context;
  auto watch = admin_->Watch(&context, {});
  ASSERT_TRUE(ApplyAndWait(MakeSite(), 0).status.ok());
  v1::WatchResponse change;
  ASSERT_TRUE(watch->Read(&change));
  controller_->Stop();
  EXPECT_FALSE(watch->Read(&change));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(FleetServiceTest, AnAgentMayNotCallTheAdminApi) {
  AddAgents(1, false);
  const auto stub = v1::FleetService::NewStub(agents_[0]->channel());
  grpc::ClientContext context;
  v1::InfoResponse info;
  EXPECT_EQ(stub->Info(&context, {}, &info).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(FleetServiceTest, AStrangerGetsNothing) {
  const auto channel = rpc::ControllerChannel(address(), {credential_.ca_pem, "", ""});
  v1::InfoResponse info;
  grpc::ClientContext fleet;
  EXPECT_EQ(v1::FleetService::NewStub(channel)->Info(&fleet, {}, &info).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  grpc::ClientContext connect;
  auto stream = v1::AgentService::NewStub(channel)->Connect(&connect);
  v1::ControllerMessage message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(FleetServiceTest, AnAdminMayNotPoseAsAnAgent) {
  grpc::ClientContext context;
  auto stream = v1::AgentService::NewStub(rpc::AdminChannel(credential_))->Connect(&context);
  v1::ControllerMessage message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(FleetServiceTest, AUsedTokenLetsNobodyElseIn) {
  const std::string token = MakeToken(1);
  EXPECT_TRUE(stream::FakeAgent::Enrol(address(), credential_.ca_pem, token, "one").ok());
  const auto second = stream::FakeAgent::Enrol(address(), credential_.ca_pem, token, "two");
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(log_.Contains("enrolment refused"));
  EXPECT_FALSE(log_.Contains(token));
}

TEST_F(FleetServiceTest, TokensAreListedAndRevoked) {
  MakeToken(5);
  grpc::ClientContext list;
  v1::ListTokensResponse tokens;
  ASSERT_TRUE(admin_->ListTokens(&list, {}, &tokens).ok());
  ASSERT_EQ(tokens.tokens_size(), 1);
  v1::RevokeTokenRequest request;
  request.set_id(tokens.tokens(0).id());
  grpc::ClientContext revoke, again;
  v1::RevokeTokenResponse revoked;
  EXPECT_TRUE(admin_->RevokeToken(&revoke, request, &revoked).ok());
  EXPECT_EQ(admin_->RevokeToken(&again, request, &revoked).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(FleetServiceTest, AgentsStatusAndInfoAgree) {
  AddAgents(3);
  ASSERT_TRUE(ApplyAndWait(MakeSite()).response.convergence().complete());
  grpc::ClientContext agents_call, status_call, info_call;
  v1::AgentsResponse agents;
  ASSERT_TRUE(admin_->Agents(&agents_call, {}, &agents).ok());
  ASSERT_EQ(agents.agents_size(), 3);
  EXPECT_TRUE(agents.agents(0).connected());
  EXPECT_EQ(agents.agents(0).applied_generation(), 1u);
  EXPECT_EQ(agents.agents(0).peer().substr(0, 10), "127.0.0.1:");
  EXPECT_GT(agents.agents(0).certificate_not_after().seconds(), agents.agents(0).since().seconds());
  v1::StatusResponse status;
  ASSERT_TRUE(admin_->Status(&status_call, {}, &status).ok());
  EXPECT_TRUE(status.convergence().complete());
  EXPECT_EQ(status.convergence().total(), 3u);
  v1::InfoResponse info;
  ASSERT_TRUE(admin_->Info(&info_call, {}, &info).ok());
  EXPECT_EQ(info.connected_agents(), 3u);
  EXPECT_EQ(info.generation(), 1u);
  EXPECT_EQ(info.version(), "0.1.0-test");
}

TEST_F(FleetServiceTest, ReportsOfAgentsComeOutInTop) {
  AddAgents(2);
  v1::AgentMessage message;
  auto& report = *message.mutable_report();
  report.mutable_length()->set_seconds(1);
  auto& row = *report.add_backends();
  row.set_upstream("app");
  row.set_backend("10.0.0.1:80");
  row.set_succeeded(100);
  const auto rate = [this] {
    grpc::ClientContext context;
    v1::TopResponse top;
    EXPECT_TRUE(admin_->Top(&context, {}, &top).ok());
    return top.rows_size() == 0 ? 0.0 : top.rows(0).rate();
  };
  report.set_sequence(1);
  for (const auto& agent : agents_) ASSERT_TRUE(agent->Send(message));
  EXPECT_TRUE(harness::Eventually([&] { return rate() > 0; }));
}

TEST_F(FleetServiceTest, AMessageBeyondTheLimitIsRefusedAndTheServerLives) {
  v1::ApplyRequest request;
  auto* resource = request.add_resources();
  *resource = MakeUpstream("big");
  for (int i = 0; i < 70; ++i) (*resource->mutable_labels())["k" + std::to_string(i)] = std::string(1 << 20, 'x');
  EXPECT_EQ(Apply(request).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(ApplyAndWait(MakeSite(), 0).status.ok());
}

}  // namespace
}  // namespace switchyard::controlplane
