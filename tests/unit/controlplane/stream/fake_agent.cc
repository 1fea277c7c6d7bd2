#include "tests/unit/controlplane/stream/fake_agent.h"

#include <utility>

#include "common/config/snapshot_delta.h"
#include "common/rpc/grpc_status.h"
#include "common/tls/certificate_request.h"
#include "common/tls/key_pair.h"

namespace switchyard::controlplane::stream {

absl::StatusOr<std::unique_ptr<FakeAgent>> FakeAgent::Enrol(const std::string& address, const std::string& ca_pem, const std::string& token,
                                                            const std::string& node) {
  auto key = tls::KeyPair::Generate();
  if (!key.ok()) return key.status();
  auto csr = tls::MakeCertificateRequest(*key, node);
  if (!csr.ok()) return csr.status();
  v1::EnrollRequest request;
  request.set_token(token);
  request.set_csr_pem(*csr);
  request.set_node(node);
  v1::EnrollResponse response;
  grpc::ClientContext context;
  const auto stub = v1::AgentService::NewStub(rpc::ControllerChannel(address, {ca_pem, "", ""}));
  if (const auto status = stub->Enroll(&context, request, &response); !status.ok()) return rpc::FromGrpc(status);

  auto agent = std::make_unique<FakeAgent>();
  agent->hello.set_node(node);
  agent->hello.set_instance(node + "-1");
  agent->hello.set_version("0.1.0");
  agent->key_pem_ = key->ToPem().value();
  agent->csr_pem_ = *csr;
  agent->channel_ = rpc::ControllerChannel(address, {response.ca_pem(), response.certificate_pem(), agent->key_pem_});
  agent->stub_ = v1::AgentService::NewStub(agent->channel_);
  return agent;
}

FakeAgent::~FakeAgent() { Disconnect(); }

void FakeAgent::Connect() {
  Disconnect();
  {
    const std::lock_guard lock(mutex_);
    ended_.reset();
    hello.set_applied_generation(snapshot_.generation());
    hello.set_applied_digest(snapshot_.digest());
  }
  welcomed_ = false;
  context_ = std::make_unique<grpc::ClientContext>();
  stream_ = stub_->Connect(context_.get());
  v1::AgentMessage message;
  *message.mutable_hello() = hello;
  Send(message);
  thread_ = std::thread([this] { Run(); });
}

void FakeAgent::Disconnect() {
  if (!thread_.joinable()) return;
  context_->TryCancel();
  thread_.join();
}

void FakeAgent::Run() {
  v1::ControllerMessage message;
  while (stream_->Read(&message)) {
    if (message.has_welcome()) welcomed_ = true;
    if (!message.has_config()) continue;
    v1::AgentMessage answer;
    *answer.mutable_config_status() = Take(message.config());
    Send(answer);
  }
  auto status = stream_->Finish();
  const std::lock_guard lock(mutex_);
  ended_ = std::move(status);
}

v1::ConfigStatus FakeAgent::Take(const v1::ConfigDelta& delta) {
  ++deltas_;
  if (delta.full()) ++full_deltas_;
  v1::ConfigStatus status;
  status.set_generation(delta.to_generation());
  status.set_applied(true);
  if (judge) judge(delta, status);
  const std::lock_guard lock(mutex_);
  auto next = config::ApplyDelta(snapshot_, delta);
  if (!next.ok()) {
    status.set_applied(false);
    status.set_resync(true);
  } else if (status.applied()) {
    snapshot_ = *std::move(next);
  }
  return status;
}

bool FakeAgent::Send(const v1::AgentMessage& message) {
  const std::lock_guard lock(write_mutex_);
  return stream_->Write(message);
}

absl::StatusOr<v1::RenewResponse> FakeAgent::Renew() {
  v1::RenewRequest request;
  request.set_csr_pem(csr_pem_);
  v1::RenewResponse response;
  grpc::ClientContext context;
  if (const auto status = stub_->Renew(&context, request, &response); !status.ok()) return rpc::FromGrpc(status);
  return response;
}

std::optional<grpc::Status> FakeAgent::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::uint64_t FakeAgent::generation() const {
  const std::lock_guard lock(mutex_);
  return snapshot_.generation();
}

v1::Snapshot FakeAgent::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

}  // namespace switchyard::controlplane::stream
