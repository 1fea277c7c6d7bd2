// FakeFleet: a controller for tests of yardctl, reached without a socket. Records what it was asked and answers what it was told to.
//
// Thread-safety: set answers before the call, read records after it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "switchyard/v1/fleet.grpc.pb.h"

namespace switchyard::tools::yardctl {

class FakeFleet final : public v1::FleetService::Service {
 public:
  FakeFleet() {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    stub_ = v1::FleetService::NewStub(server_->InProcessChannel(grpc::ChannelArguments()));
  }
  ~FakeFleet() override { server_->Shutdown(); }

  v1::FleetService::StubInterface* stub() { return stub_.get(); }

  grpc::Status Apply(grpc::ServerContext*, const v1::ApplyRequest* request, v1::ApplyResponse* response) override {
    applied = *request;
    *response = apply_response;
    return status;
  }
  grpc::Status Delete(grpc::ServerContext*, const v1::DeleteRequest* request, v1::DeleteResponse* response) override {
    deleted = *request;
    response->set_generation(8);
    return status;
  }
  grpc::Status Get(grpc::ServerContext*, const v1::GetRequest* request, v1::Resource* response) override {
    response->set_name(request->key().name());
    response->mutable_upstream();
    return status;
  }
  // Two pages of one resource each.
  grpc::Status List(grpc::ServerContext*, const v1::ListRequest* request, v1::ListResponse* response) override {
    v1::Resource* resource = response->add_resources();
    resource->set_name(request->page_token().empty() ? "a" : "b");
    resource->mutable_upstream()->add_backends()->set_address("127.0.0.1:1");
    if (request->page_token().empty()) response->set_next_page_token("next");
    return status;
  }
  grpc::Status Agents(grpc::ServerContext*, const v1::AgentsRequest*, v1::AgentsResponse* response) override {
    v1::AgentInfo* agent = response->add_agents();
    agent->set_node("edge-1");
    agent->set_connected(true);
    agent->set_applied_generation(7);
    agent->add_quarantined()->set_reason("x");
    return status;
  }
  grpc::Status Status(grpc::ServerContext*, const v1::StatusRequest*, v1::StatusResponse* response) override {
    *response = status_response;
    return status;
  }
  grpc::Status History(grpc::ServerContext*, const v1::HistoryRequest* request, v1::HistoryResponse* response) override {
    for (std::uint32_t i = 0; i < request->page_size() && i < 3; ++i) response->add_entries()->set_generation(9 - i);
    return status;
  }
  // A route's, with a hostile reason, and the backend's own.
  static void AddBreakers(google::protobuf::RepeatedPtrField<v1::BreakerRow>& rows) {
    v1::BreakerRow* route = rows.Add();
    route->set_route("buy");
    route->set_open(3);
    route->set_soft(1);
    route->set_agents(20);
    route->set_node("edge-1");
    route->set_reason("error\x1b[1m_rate");
    v1::BreakerRow* own = rows.Add();
    own->set_ejected(2);
    own->set_agents(20);
    own->set_node("edge-2");
  }
  grpc::Status Top(grpc::ServerContext*, const v1::TopRequest*, v1::TopResponse* response) override {
    v1::TopRow* row = response->add_rows();
    row->set_upstream("stable");
    row->set_rate(12.34);
    row->set_success(1);
    AddBreakers(*row->mutable_breakers());
    ++tops;
    return status;
  }
  grpc::Status Explain(grpc::ServerContext*, const v1::ExplainRequest* request, v1::ExplainResponse* response) override {
    v1::BackendExplanation* one = response->add_backends();
    one->set_upstream("app");
    one->set_backend(request->backend());
    one->set_verdict(v1::VERDICT_EJECTED);
    one->set_reason("error_rate: 34 % of attempts fail");
    one->set_utilization(-1);
    v1::AgentView* view = one->add_views();
    view->set_node("edge-1");
    view->set_at_fault(true);
    AddBreakers(*one->mutable_breakers());
    v1::RouteView* route = one->add_routes();
    route->set_route("b\x1b[1muy");
    route->set_attempts(20);
    route->set_error(0.5);
    route->set_usual_error(0.25);
    route->set_evidence(7.5);
    route->set_evidence_of_rest(-6);
    return status;
  }
  grpc::Status Weights(grpc::ServerContext*, const v1::WeightsRequest*, v1::WeightsResponse* response) override {
    v1::WeightRow* row = response->add_rows();
    row->set_upstream("app");
    row->set_backend("127.0.0.1:80");
    row->set_configured(4);
    row->set_effective(0.5);
    row->set_utilization(0.7);
    for (const float factor : {1.0F, 0.75F, 0.5F}) row->add_history(factor);
    return status;
  }
  grpc::Status SetOverride(grpc::ServerContext*, const v1::SetOverrideRequest* request, v1::SetOverrideResponse* response) override {
    overridden = *request;
    response->add_upstreams("app");
    return status;
  }
  grpc::Status CreateToken(grpc::ServerContext*, const v1::CreateTokenRequest* request, v1::CreateTokenResponse* response) override {
    response->set_token("syt1.id.secret.ca");
    response->mutable_info()->set_uses_left(request->uses());
    return status;
  }

  grpc::Status status;
  v1::ApplyRequest applied;
  v1::ApplyResponse apply_response;
  v1::DeleteRequest deleted;
  v1::StatusResponse status_response;
  v1::SetOverrideRequest overridden;
  int tops = 0;

 private:
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::FleetService::Stub> stub_;
};

}  // namespace switchyard::tools::yardctl
