// ControllerFixture: a whole controller in this process, on a port that the kernel picks, with an admin's and agents' connections.
//
// Real gRPC, mutual TLS 1.3 and threads; the store is in memory unless a test asks for the durable one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/admin_channel.h"
#include "common/rpc/credential_file.h"
#include "common/tls/tls13.h"
#include "controlplane/controller.h"
#include "controlplane/store/memory_store.h"
#include "switchyard/v1/fleet.grpc.pb.h"
#include "tests/harness/deadline.h"
#include "tests/harness/temp_dir.h"
#include "tests/unit/controlplane/resources.h"
#include "tests/unit/controlplane/stream/fake_agent.h"

namespace switchyard::controlplane {

class ControllerFixture : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(tls::RequireTls13().ok()); }

  void SetUp() override {
    options_.data_dir = directory_.Sub("controller");
    options_.listen = "127.0.0.1:0";
    options_.metrics_listen = "127.0.0.1:0";
    options_.dashboard_listen = "127.0.0.1:0";
    options_.version = "0.1.0-test";
  }
  void TearDown() override {
    agents_.clear();
    controller_.reset();
  }

  // `durable`: RocksDB in the data directory.
  void StartController(bool durable = false) {
    auto started = Controller::Start(options_, {&clock_, &log_, durable ? nullptr : store::OpenMemoryStore()});
    ASSERT_TRUE(started.ok()) << Message(started.status());
    controller_ = *std::move(started);
    credential_ = rpc::LoadCredential(controller_->credential_path()).value();
    admin_ = v1::FleetService::NewStub(rpc::AdminChannel(credential_));
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(controller_->port()); }

  std::string MakeToken(std::uint32_t uses) {
    v1::CreateTokenRequest request;
    request.set_uses(uses);
    v1::CreateTokenResponse response;
    grpc::ClientContext context;
    const auto status = admin_->CreateToken(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.token();
  }

  // `count` agents, node-0 ..., enrolled; connected when `connect`.
  void AddAgents(int count, bool connect = true) {
    const std::string token = MakeToken(static_cast<std::uint32_t>(count));
    for (int i = 0; i < count; ++i) {
      auto agent = stream::FakeAgent::Enrol(address(), credential_.ca_pem, token, "node-" + std::to_string(agents_.size()));
      ASSERT_TRUE(agent.ok()) << Message(agent.status());
      agents_.push_back(*std::move(agent));
      if (connect) agents_.back()->Connect();
    }
    if (connect) WaitForConnected();
  }

  void WaitForConnected() {
    for (const auto& agent : agents_) EXPECT_TRUE(harness::Eventually([&] { return agent->welcomed(); }));
  }

  struct Applied {
    grpc::Status status;
    v1::ApplyResponse response;
  };
  Applied Apply(v1::ApplyRequest request) {
    Applied applied;
    grpc::ClientContext context;
    applied.status = admin_->Apply(&context, request, &applied.response);
    return applied;
  }
  Applied ApplyAndWait(const std::vector<v1::Resource>& resources, int wait_seconds = 20) {
    v1::ApplyRequest request;
    request.mutable_resources()->Assign(resources.begin(), resources.end());
    if (wait_seconds > 0) request.mutable_wait()->set_seconds(wait_seconds);
    return Apply(std::move(request));
  }

  harness::TempDir directory_;
  SystemClock clock_;
  observe::CapturingLog log_;
  ControllerOptions options_;
  std::unique_ptr<Controller> controller_;
  rpc::Credential credential_;
  std::unique_ptr<v1::FleetService::Stub> admin_;
  std::vector<std::unique_ptr<stream::FakeAgent>> agents_;
};

}  // namespace switchyard::controlplane
