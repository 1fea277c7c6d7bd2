// The door of the controller over real gRPC and TLS on loopback: who is let in, who is refused and in which words, and that certificates
// change under open streams. Time is moved by hand.
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/rpc/admin_channel.h"
#include "common/tls/certificate_request.h"
#include "common/tls/issue.h"
#include "common/tls/pinned_ca.h"
#include "common/tls/sha256.h"
#include "common/tls/tls13.h"
#include "controlplane/identity/enrolment.h"
#include "controlplane/identity/server_credentials.h"
#include "controlplane/store/memory_store.h"
#include "switchyard/v1/agent.grpc.pb.h"
#include "switchyard/v1/fleet.grpc.pb.h"
#include "tests/unit/controlplane/store/temporary_directory.h"

namespace switchyard::controlplane::identity {
namespace {

using grpc::StatusCode;
using std::chrono::hours;

std::chrono::system_clock::time_point Soon() {
  const SystemClock clock;
  return std::chrono::time_point_cast<std::chrono::system_clock::duration>(clock.WallNow() + std::chrono::seconds(20));
}

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<StatusCode>(status.code()), std::string(Message(status)));
}

// The AgentService of these tests: enrolment as it is, and a stream that answers each message with the caller's name.
class AgentDoor final : public v1::AgentService::Service {
 public:
  explicit AgentDoor(Enrolment& enrolment) : enrolment_(enrolment) {}

  grpc::Status Enroll(grpc::ServerContext*, const v1::EnrollRequest* request, v1::EnrollResponse* response) override {
    auto enrolled = enrolment_.Enroll(*request);
    if (enrolled.ok()) *response = std::move(enrolled->response);
    return ToGrpc(enrolled.status());
  }
  grpc::Status Renew(grpc::ServerContext* context, const v1::RenewRequest* request, v1::RenewResponse* response) override {
    const auto peer = PeerOf(*context);
    if (!peer.ok()) return ToGrpc(peer.status());
    auto renewed = enrolment_.Renew(*peer, *request);
    if (renewed.ok()) *response = std::move(*renewed);
    return ToGrpc(renewed.status());
  }
  grpc::Status Connect(grpc::ServerContext* context, grpc::ServerReaderWriter<v1::ControllerMessage, v1::AgentMessage>* stream) override {
    const auto peer = PeerOf(*context);
    if (!peer.ok()) return ToGrpc(peer.status());
    v1::AgentMessage message;
    while (stream->Read(&message)) {
      v1::ControllerMessage answer;
      answer.mutable_welcome()->set_controller_instance(peer->name);
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }

 private:
  Enrolment& enrolment_;
};

class FleetDoor final : public v1::FleetService::Service {
  grpc::Status Info(grpc::ServerContext* context, const v1::InfoRequest*, v1::InfoResponse* response) override {
    const auto peer = PeerOf(*context);
    if (peer.ok()) response->set_instance(peer->name);
    return ToGrpc(peer.status());
  }
};

class DoorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(tls::RequireTls13().ok()); }

  DoorTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", MakeServerCredentials(*authority_, gate_, std::chrono::seconds(1)), &port_);
    builder.RegisterService(&agents_);
    builder.RegisterService(&fleet_);
    server_ = builder.BuildAndStart();
  }
  ~DoorTest() override { server_->Shutdown(Soon()); }

  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }

  std::string Token() { return tokens_.Create({})->token(); }

  rpc::ChannelIdentity Stranger() const { return {authority_->ca_pem(), "", ""}; }
  rpc::ChannelIdentity Admin(const Authority& from) const {
    const auto issued = from.IssueAdmin("ann");
    return {authority_->ca_pem(), issued->certificate_pem, issued->key_pem};
  }
  rpc::ChannelIdentity Agent(const std::string& node) const {
    const auto key = tls::KeyPair::Generate();
    return {authority_->ca_pem(), authority_->IssueAgent(key->PublicKeyDer(), node)->ToPem(), *key->ToPem()};
  }
  std::shared_ptr<grpc::Channel> Dial(const rpc::ChannelIdentity& identity) const { return rpc::ControllerChannel(Address(), identity); }

  grpc::Status Info(const rpc::ChannelIdentity& identity, std::string* name = nullptr) const {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    v1::InfoResponse response;
    const grpc::Status status = v1::FleetService::NewStub(Dial(identity))->Info(&context, {}, &response);
    if (name != nullptr) *name = response.instance();
    return status;
  }
  grpc::Status Renew(const rpc::ChannelIdentity& identity, v1::RenewResponse* response = nullptr) const {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    v1::RenewRequest request;
    request.set_csr_pem(*tls::MakeCertificateRequest(key_, "x"));
    v1::RenewResponse ignored;
    return v1::AgentService::NewStub(Dial(identity))->Renew(&context, request, response == nullptr ? &ignored : response);
  }
  grpc::Status Enroll(const rpc::ChannelIdentity& identity, const std::string& token, v1::EnrollResponse* response) const {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    v1::EnrollRequest request;
    request.set_token(token);
    request.set_node("web-1");
    request.set_csr_pem(*tls::MakeCertificateRequest(key_, "x"));
    return v1::AgentService::NewStub(Dial(identity))->Enroll(&context, request, response);
  }

  ManualClock clock_;
  SystemClock system_clock_;
  TemporaryDirectory directory_;
  RefusalCounters refusals_;
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  // gRPC's own checks of the server's certificate use the machine's time; the gate's use the test's.
  std::unique_ptr<Authority> authority_ = [this] {
    clock_.SetWall(system_clock_.WallNow());
    return std::move(*Authority::Open(directory_.path() + "/identity", {}, clock_));
  }();
  Tokens tokens_{*store_, clock_, refusals_, authority_->ca_fingerprint()};
  Enrolment enrolment_{*authority_, tokens_, *store_, clock_, refusals_};
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>(authority_->ca(), authority_->trust_domain(), clock_, refusals_);
  AgentDoor agents_{enrolment_};
  FleetDoor fleet_;
  const tls::KeyPair key_ = *tls::KeyPair::Generate();
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(DoorTest, LetsAnAdminInByName) {
  std::string name;
  const grpc::Status status = Info(Admin(*authority_), &name);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(name, "ann");
}

TEST_F(DoorTest, TakesAFreshAgentFromTokenToStream) {
  const std::string token = Token();
  const auto pin = ParseToken(token)->ca_fingerprint;
  const auto ca = tls::FetchPinnedCa("127.0.0.1", static_cast<std::uint16_t>(port_), pin, std::chrono::seconds(20));
  ASSERT_TRUE(ca.ok()) << ca.status();
  v1::EnrollResponse enrolled;
  const grpc::Status status = Enroll({*ca, "", ""}, token, &enrolled);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(Renew({enrolled.ca_pem(), enrolled.certificate_pem(), *key_.ToPem()}).ok());
  EXPECT_EQ(Enroll({*ca, "", ""}, token, &enrolled).error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(DoorTest, RefusesAControllerWithAnotherFingerprint) {
  const auto ca = tls::FetchPinnedCa("127.0.0.1", static_cast<std::uint16_t>(port_), tls::Sha256("another"), std::chrono::seconds(20));
  EXPECT_EQ(ca.status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(DoorTest, RefusesACallerWithoutCertificate) {
  const grpc::Status status = Info(Stranger());
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_NE(status.error_message().find("needs a client certificate"), std::string::npos) << status.error_message();
  EXPECT_EQ(Renew(Stranger()).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(refusals_.Count(Refusal::kNoCertificate), 2u);
}

TEST_F(DoorTest, RefusesACertificateOfAnotherAuthority) {
  const TemporaryDirectory elsewhere;
  const auto other = Authority::Open(elsewhere.path() + "/identity", {}, clock_);
  const grpc::Status status = Info(Admin(**other));
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_NE(status.error_message().find("another authority"), std::string::npos) << status.error_message();
  EXPECT_EQ(refusals_.Count(Refusal::kOtherAuthority), 1u);
}

TEST_F(DoorTest, RefusesAnExpiredCertificate) {
  const auto agent = Agent("web-1");
  EXPECT_TRUE(Renew(agent).ok());
  clock_.Advance(hours(25));
  const grpc::Status status = Renew(agent);
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_NE(status.error_message().find("expired"), std::string::npos) << status.error_message();
  EXPECT_EQ(refusals_.Count(Refusal::kExpired), 1u);
}

TEST_F(DoorTest, RefusesACertificateFromTheFuture) {
  const auto agent = Agent("web-1");
  clock_.SetWall(clock_.WallNow() - std::chrono::minutes(10));
  EXPECT_EQ(Renew(agent).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(refusals_.Count(Refusal::kNotYetValid), 1u);
}

TEST_F(DoorTest, RefusesAnAgentAtTheAdminDoorAndAnAdminAtTheAgents) {
  const grpc::Status agent = Info(Agent("web-1"));
  EXPECT_EQ(agent.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_NE(agent.error_message().find("agent \"web-1\" may not call this"), std::string::npos) << agent.error_message();
  grpc::ClientContext context;
  context.set_deadline(Soon());
  const auto stub = v1::AgentService::NewStub(Dial(Admin(*authority_)));
  EXPECT_EQ(stub->Connect(&context)->Finish().error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(refusals_.Count(Refusal::kWrongRole), 2u);
}

TEST_F(DoorTest, RefusesTheControllersOwnCertificateAsAClient) {
  const auto server = Admin(*authority_);
  std::array<char, 65536> text{};
  const auto read = [&](const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "r");
    const std::size_t size = std::fread(text.data(), 1, text.size(), file);
    std::fclose(file);
    return std::string(text.data(), size);
  };
  const grpc::Status status = Info({server.ca_pem, read(authority_->server_certificate_path()), read(authority_->server_key_path())});
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(refusals_.Count(Refusal::kUnfit), 1u);
}

TEST_F(DoorTest, RefusesMethodsThatNoRuleNames) {
  grpc::GenericStub stub(Dial(Admin(*authority_)));
  grpc::ClientContext context;
  context.set_deadline(Soon());
  grpc::CompletionQueue queue;
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::ByteBuffer(), &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED) << status.error_message();
  EXPECT_EQ(refusals_.Count(Refusal::kUnknownMethod), 1u);
}

TEST_F(DoorTest, RefusesAServerOfAnotherAuthority) {
  const TemporaryDirectory elsewhere;
  const auto other = Authority::Open(elsewhere.path() + "/identity", {}, clock_);
  auto identity = Admin(*authority_);
  identity.ca_pem = (*other)->ca_pem();
  EXPECT_EQ(Info(identity).error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(DoorTest, RenewsWhileTheStreamIsUp) {
  const auto agent = Agent("web-1");
  grpc::ClientContext context;
  context.set_deadline(Soon());
  const auto stub = v1::AgentService::NewStub(Dial(agent));
  const auto stream = stub->Connect(&context);
  v1::ControllerMessage answer;
  ASSERT_TRUE(stream->Write({}) && stream->Read(&answer));
  EXPECT_EQ(answer.welcome().controller_instance(), "web-1");

  clock_.Advance(hours(16));
  v1::RenewResponse renewed;
  ASSERT_TRUE(Renew(agent, &renewed).ok());
  clock_.Advance(hours(9));
  // The first certificate is over; its stream is not, and the new one is good for more.
  ASSERT_TRUE(stream->Write({}) && stream->Read(&answer));
  EXPECT_EQ(Renew(agent).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Renew({renewed.ca_pem(), renewed.certificate_pem(), *key_.ToPem()}).ok());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(DoorTest, TakesTheNewServerLeafWithoutRestart) {
  const auto agent = Agent("web-1");
  grpc::ClientContext context;
  context.set_deadline(Soon());
  const auto stub = v1::AgentService::NewStub(Dial(agent));
  const auto stream = stub->Connect(&context);
  v1::ControllerMessage answer;
  ASSERT_TRUE(stream->Write({}) && stream->Read(&answer));
  const auto leaf_served = [&] {
    const std::string command = "openssl s_client -connect " + Address() +
                                " -alpn h2 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 2>/dev/null";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 256> line{};
    const std::string text = std::fgets(line.data(), line.size(), pipe) != nullptr ? line.data() : "";
    ::pclose(pipe);
    return text;
  };
  const std::string before = leaf_served();
  ASSERT_FALSE(before.empty());
  ASSERT_TRUE(authority_->RotateServerLeaf().ok());
  const TimePoint deadline = system_clock_.Now() + std::chrono::seconds(20);
  std::string after = before;
  while ((after == before || after.empty()) && system_clock_.Now() < deadline) after = leaf_served();
  EXPECT_NE(after, before);
  EXPECT_TRUE(stream->Write({}) && stream->Read(&answer));
  EXPECT_TRUE(Renew(agent).ok());
  context.TryCancel();
}

TEST_F(DoorTest, SpeaksNothingBelowTls13) {
  const auto run = [&](const std::string& version) {
    const std::string command = "openssl s_client " + version + " -connect " + Address() + " -alpn h2 </dev/null >/dev/null 2>&1";
    return ::system(command.c_str());
  };
  EXPECT_EQ(run("-tls1_3"), 0);
  EXPECT_NE(run("-tls1_2"), 0);
  EXPECT_NE(run("-tls1_1"), 0);
}

TEST_F(DoorTest, AnswersNobodyInPlainText) {
  grpc::ClientContext context;
  context.set_deadline(Soon());
  v1::InfoResponse response;
  const auto channel = grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(v1::FleetService::NewStub(channel)->Info(&context, {}, &response).error_code(), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace switchyard::controlplane::identity
