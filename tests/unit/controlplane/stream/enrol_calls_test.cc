// Strangers at the one open call: who never sends the message, who sends too much, who comes in crowds. Real gRPC, time by hand.
#include "controlplane/stream/enrol_calls.h"

#include <gtest/gtest.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "switchyard/v1/agent.grpc.pb.h"
#include "tests/harness/deadline.h"
#include "tests/unit/controlplane/manual_timers.h"

namespace switchyard::controlplane::stream {
namespace {

// Enroll alone, as AgentService registers it.
class Door final : public v1::AgentService::Service {
 public:
  explicit Door(std::shared_ptr<EnrolCalls> calls) : calls_(std::move(calls)) {
    using Handler = grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
    const auto begin = [this](grpc::CallbackServerContext* context) { return calls_->Begin(context); };
    MarkMethodStreamed(0, new Handler(begin));
    MarkMethodRawCallback(0, new Handler(begin));
  }

 private:
  std::shared_ptr<EnrolCalls> calls_;
};

// A client that begins the call and says nothing.
class Silent final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Silent(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::internal::ClientCallbackReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
        channel.get(), {"/switchyard.v1.AgentService/Enroll", grpc::internal::RpcMethod::BIDI_STREAMING, channel}, &context_, this);
    StartCall();
  }
  ~Silent() override {
    context_.TryCancel();
    EXPECT_TRUE(harness::Eventually([this] { return done_.load(); }));
  }
  void OnDone(const grpc::Status& status) override {
    code_ = status.error_code();
    done_ = true;
  }
  bool done() const { return done_; }
  int code() const { return code_; }

 private:
  grpc::ClientContext context_;
  std::atomic<int> code_ = -1;
  std::atomic<bool> done_ = false;
};

class EnrolCallsTest : public testing::Test {
 protected:
  EnrolCallsTest() : timers_(&clock_), door_(MakeCalls()) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&door_);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  }

  std::shared_ptr<EnrolCalls> MakeCalls() {
    return calls_ = std::make_shared<EnrolCalls>(&clock_, &timers_,
                                                 [](v1::EnrollRequest request, const std::string&, EnrolCalls::Answer answer) {
                                                   v1::EnrollResponse response;
                                                   response.set_certificate_pem("for " + request.node());
                                                   answer(grpc::Status::OK, response);
                                                 });
  }
  grpc::Status Enroll(const std::string& csr, v1::EnrollResponse& response) {
    v1::EnrollRequest request;
    request.set_node("web-1");
    request.set_csr_pem(csr);
    grpc::ClientContext context;
    return v1::AgentService::NewStub(channel_)->Enroll(&context, request, &response);
  }

  ManualClock clock_;
  ManualTimers timers_;
  std::shared_ptr<EnrolCalls> calls_;
  Door door_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(EnrolCallsTest, AnswersAUnaryCaller) {
  v1::EnrollResponse response;
  const auto status = Enroll("csr", response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.certificate_pem(), "for web-1");
}

TEST_F(EnrolCallsTest, EndsACallWhoseMessageDoesNotCome) {
  const Silent stranger(channel_);
  ASSERT_TRUE(harness::Eventually([&] { return timers_.size() == 1; }));
  for (int second = 0; second < 9; ++second) timers_.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(stranger.done());
  for (int second = 0; second < 2; ++second) timers_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(harness::Eventually([&] { return stranger.done(); }));
  EXPECT_EQ(stranger.code(), grpc::StatusCode::CANCELLED);
}

TEST_F(EnrolCallsTest, RefusesAMessageBeyondItsBound) {
  v1::EnrollResponse response;
  EXPECT_EQ(Enroll(std::string(kMaxEnrolBytes, 'x'), response).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(EnrolCallsTest, ACrowdOfStrangersKeepsNobodyOut) {
  std::vector<std::unique_ptr<Silent>> strangers;
  for (std::size_t i = 0; i < kMaxWaitingEnrols + 40; ++i) strangers.push_back(std::make_unique<Silent>(channel_));
  const auto ended = [&] { return std::count_if(strangers.begin(), strangers.end(), [](const auto& s) { return s->done(); }); };
  EXPECT_TRUE(harness::Eventually([&] { return ended() == 40; }));
  v1::EnrollResponse response;
  EXPECT_TRUE(Enroll("csr", response).ok());
}

}  // namespace
}  // namespace switchyard::controlplane::stream
