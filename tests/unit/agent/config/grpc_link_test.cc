// A real gRPC server with mutual TLS on loopback plays the controller; the loop is simulated and turned until what is expected has come.
#include "agent/config/grpc_link.h"

#include <gtest/gtest.h>

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/enrolment.h"
#include "common/base/manual_loop.h"
#include "common/base/status.h"
#include "common/tls/sha256.h"
#include "switchyard/v1/agent.grpc.pb.h"
#include "tests/harness/deadline.h"
#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/config/test_authority.h"

namespace switchyard::agent::config {
namespace {

using std::chrono::hours;

// Welcomes, answers each message with a Welcome that carries its number, and ends the stream when told by a report of sequence 0.
class FakeController final : public v1::AgentService::Service {
 public:
  explicit FakeController(const TestAuthority& authority) : authority_(authority) {}

  grpc::Status Enroll(grpc::ServerContext*, const v1::EnrollRequest* request, v1::EnrollResponse* response) override {
    if (request->token().find("good") == std::string::npos) return {grpc::StatusCode::UNAUTHENTICATED, "token is unknown"};
    response->set_certificate_pem(authority_.CertifyRequest(request->csr_pem(), request->node(), WholeSeconds(SystemClock().WallNow()), hours(24)));
    response->set_ca_pem(authority_.ca_pem());
    return grpc::Status::OK;
  }
  grpc::Status Renew(grpc::ServerContext*, const v1::RenewRequest* request, v1::RenewResponse* response) override {
    response->set_certificate_pem(authority_.CertifyRequest(request->csr_pem(), "web-1", WholeSeconds(SystemClock().WallNow()), hours(24)));
    return grpc::Status::OK;
  }
  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::ControllerMessage, v1::AgentMessage>* stream) override {
    ++streams;
    if (context->auth_context()->FindPropertyValues("x509_pem_cert").empty()) return {grpc::StatusCode::UNAUTHENTICATED, "no certificate"};
    v1::AgentMessage message;
    while (stream->Read(&message)) {
      if (message.has_report() && message.report().sequence() == 0) return {grpc::StatusCode::ABORTED, "a newer stream"};
      v1::ControllerMessage answer;
      answer.mutable_welcome()->set_version(std::to_string(message.report().sequence()));
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }
  std::atomic<int> streams = 0;

 private:
  const TestAuthority& authority_;
};

class GrpcLinkTest : public testing::Test {
 protected:
  GrpcLinkTest() : loop_(manual_clock_), authority_(WholeSeconds(clock_.WallNow())), controller_(authority_) {
    const tls::KeyPair key = *tls::KeyPair::Generate();
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = authority_.ca_pem();
    tls.pem_key_cert_pairs.push_back({*key.ToPem(), authority_.Certify(key.PublicKeyDer(), "main", WholeSeconds(clock_.WallNow()), hours(24),
                                                                       tls::Role::kController) +
                                                        authority_.ca_pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    builder.RegisterService(&controller_);
    server_ = builder.BuildAndStart();
    links_ = std::make_unique<GrpcLinkFactory>(loop_, clock_, std::vector<std::string>{"127.0.0.1:" + std::to_string(port_)});
    links_->SetIdentity(authority_.MakeAgent("web-1", WholeSeconds(clock_.WallNow()), hours(24)));
  }
  ~GrpcLinkTest() override {
    link_.reset();
    links_.reset();
    if (server_ != nullptr) server_->Shutdown();
  }

  absl::Status Open() {
    LinkEvents events;
    events.on_message = [this](const v1::ControllerMessage& message) { received_.push_back(message); };
    events.on_sent = [this] { ++sent_; };
    events.on_closed = [this](const absl::Status& why) { closed_ = why; };
    auto link = links_->Open(std::move(events));
    if (!link.ok()) return link.status();
    link_ = *std::move(link);
    return absl::OkStatus();
  }
  void Send(std::uint64_t sequence) {
    v1::AgentMessage message;
    message.mutable_report()->set_sequence(sequence);
    link_->Send(message);
  }
  bool Until(const std::function<bool()>& condition) {
    return harness::Eventually([&] {
      loop_.RunReady();
      return condition();
    });
  }

  SystemClock clock_;
  ManualClock manual_clock_;
  ManualLoop loop_;
  TestAuthority authority_;
  FakeController controller_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<GrpcLinkFactory> links_;
  std::unique_ptr<ControllerLink> link_;
  std::vector<v1::ControllerMessage> received_;
  int sent_ = 0;
  std::optional<absl::Status> closed_;
};

TEST_F(GrpcLinkTest, CarriesMessagesBothWays) {
  ASSERT_TRUE(Open().ok());
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Send(i);
    ASSERT_TRUE(Until([&] { return sent_ == static_cast<int>(i) && received_.size() == i; })) << (closed_ ? Message(*closed_) : "");
  }
  EXPECT_EQ(received_[2].welcome().version(), "3");
}

TEST_F(GrpcLinkTest, TellsWhyTheStreamEnded) {
  ASSERT_TRUE(Open().ok());
  Send(0);
  ASSERT_TRUE(Until([&] { return closed_.has_value(); }));
  EXPECT_TRUE(absl::IsAborted(*closed_));
  EXPECT_EQ(Message(*closed_), "a newer stream");
}

TEST_F(GrpcLinkTest, TellsThatNobodyAnswers) {
  server_->Shutdown();
  server_.reset();
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Until([&] { return closed_.has_value(); }));
  EXPECT_TRUE(absl::IsUnavailable(*closed_));
}

TEST_F(GrpcLinkTest, SaysNothingOnceDestroyed) {
  ASSERT_TRUE(Open().ok());
  Send(1);
  link_.reset();
  links_.reset();  // waits for gRPC
  loop_.RunReady();
  EXPECT_TRUE(received_.empty());
  EXPECT_FALSE(closed_.has_value());
}

TEST_F(GrpcLinkTest, MayBeDestroyedByItsOwnEvent) {
  LinkEvents events;
  bool closed = false;
  events.on_message = [](const v1::ControllerMessage&) {};
  events.on_sent = [] {};
  events.on_closed = [&](const absl::Status&) {
    link_.reset();
    closed = true;
  };
  link_ = *links_->Open(std::move(events));
  Send(0);
  EXPECT_TRUE(Until([&] { return closed; }));
}

TEST_F(GrpcLinkTest, RenewsBesideTheStream) {
  ASSERT_TRUE(Open().ok());
  Send(1);
  ASSERT_TRUE(Until([&] { return received_.size() == 1; }));
  v1::RenewRequest request;
  const tls::KeyPair key = *tls::KeyPair::FromPem(links_->identity().key_pem);
  request.set_csr_pem(*tls::MakeCertificateRequest(key, "web-1"));
  std::optional<absl::StatusOr<v1::RenewResponse>> answer;
  link_->Renew(request, [&](absl::StatusOr<v1::RenewResponse> got) { answer = std::move(got); });
  ASSERT_TRUE(Until([&] { return answer.has_value(); }));
  ASSERT_TRUE(answer->ok()) << Message(answer->status());
  EXPECT_TRUE(MakeIdentity(links_->identity().key_pem, (*answer)->certificate_pem(), authority_.ca_pem()).ok());
  Send(2);
  EXPECT_TRUE(Until([&] { return received_.size() == 2; }));  // the stream is the same
  EXPECT_EQ(controller_.streams, 1);
}

TEST_F(GrpcLinkTest, RefusesAControllerOfAnotherAuthority) {
  const TestAuthority other(WholeSeconds(clock_.WallNow()));
  Identity identity = links_->identity();
  identity.ca_pem = other.ca_pem();
  links_->SetIdentity(identity);
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Until([&] { return closed_.has_value(); }));
  EXPECT_TRUE(absl::IsUnavailable(*closed_));
  EXPECT_EQ(controller_.streams, 0);
}

TEST_F(GrpcLinkTest, DoesNotTryWithoutAUsableCertificate) {
  links_->SetIdentity(Identity());
  EXPECT_TRUE(absl::IsFailedPrecondition(Open()));
  links_->SetIdentity(authority_.MakeAgent("web-1", WholeSeconds(clock_.WallNow()) - hours(2), hours(1)));
  const absl::Status expired = Open();
  EXPECT_TRUE(absl::IsUnauthenticated(expired));
  EXPECT_NE(Message(expired).find("new join token"), std::string_view::npos);
}

// Enrolment needs a server that also talks to callers without a certificate.
class EnrolmentTest : public testing::Test {
 protected:
  EnrolmentTest() : authority_(WholeSeconds(clock_.WallNow())), controller_(authority_) {
    const tls::KeyPair key = *tls::KeyPair::Generate();
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
    tls.pem_root_certs = authority_.ca_pem();
    tls.pem_key_cert_pairs.push_back({*key.ToPem(), authority_.Certify(key.PublicKeyDer(), "main", WholeSeconds(clock_.WallNow()), hours(24),
                                                                       tls::Role::kController) +
                                                        authority_.ca_pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    builder.RegisterService(&controller_);
    server_ = builder.BuildAndStart();
    request_.controller = "127.0.0.1:" + std::to_string(port_);
    request_.node = "web-7";
    request_.data_directory = directory_.path();
    request_.timeout = std::chrono::seconds(20);
    request_.token = Token("good", tls::ToHex(authority_.ca().Fingerprint()));
  }
  ~EnrolmentTest() override {
    if (server_ != nullptr) server_->Shutdown();
  }

  static JoinToken Token(const std::string& secret, const std::string& pin) { return *ParseJoinToken("syt1.id." + secret + "." + pin); }

  SystemClock clock_;
  TestAuthority authority_;
  FakeController controller_;
  harness::TempDir directory_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  EnrolmentRequest request_;
};

TEST_F(EnrolmentTest, LeavesAnIdentityOnDisk) {
  const auto identity = Enrol(request_);
  ASSERT_TRUE(identity.ok()) << Message(identity.status());
  EXPECT_EQ(identity->node, "web-7");
  const auto loaded = LoadIdentity(directory_.path());
  ASSERT_TRUE(loaded.ok()) << Message(loaded.status());
  EXPECT_EQ(loaded->certificate_pem, identity->certificate_pem);
}

TEST_F(EnrolmentTest, SaysThatTheTokenIsRefused) {
  request_.token = Token("bad", request_.token.ca_pin);
  const auto identity = Enrol(request_);
  EXPECT_TRUE(absl::IsUnauthenticated(identity.status()));
  EXPECT_EQ(Message(identity.status()), "join token id: token is unknown");
  EXPECT_FALSE(WorthAnotherTry(identity.status()));
}

TEST_F(EnrolmentTest, ShowsTheTokenToNobodyWithAnotherFingerprint) {
  request_.token = Token("good", std::string(64, 'a'));
  const auto identity = Enrol(request_);
  EXPECT_TRUE(absl::IsUnauthenticated(identity.status())) << Message(identity.status());
  EXPECT_FALSE(WorthAnotherTry(identity.status()));
}

TEST_F(EnrolmentTest, TellsThatTheControllerIsAway) {
  server_->Shutdown();
  server_.reset();
  const auto identity = Enrol(request_);
  EXPECT_FALSE(identity.ok());
  EXPECT_TRUE(WorthAnotherTry(identity.status())) << Message(identity.status());
}

TEST_F(EnrolmentTest, RefusesAnAddressWithoutAPort) {
  for (const char* address : {"localhost", "localhost:", ":7400", "localhost:0", "localhost:x", "localhost:70000"}) {
    request_.controller = address;
    EXPECT_TRUE(absl::IsInvalidArgument(Enrol(request_).status())) << address;
  }
}

}  // namespace
}  // namespace switchyard::agent::config
