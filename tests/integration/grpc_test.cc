// Goal: gRPC through a real agent as its own library speaks it: unary, streams both ways, deadlines, cancellation, large messages, metadata,
// and errors that the agent makes itself.
// Method: a gRPC server and a gRPC client in this program, generic over bytes, with an agent between them: HTTP/2 on both sides.
#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>

#include "common/base/clock.h"
#include "tests/harness/h2_client.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

// gRPC speaks civil time.
std::chrono::system_clock::time_point Wall() {
  return std::chrono::time_point_cast<std::chrono::system_clock::duration>(SystemClock().WallNow());
}

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string Text(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  (void)bytes.Dump(&slices);
  std::string out;
  for (const grpc::Slice& slice : slices) out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return out;
}

// What the server side of the tests does, by method name:
//   /t/Echo   sends each message back; ends when the client does, with trailing metadata `t-count`
//   /t/Wait   says nothing until the call is cancelled
//   /t/Fail   ends at once with NOT_FOUND and no message (trailers-only)
struct Facts {
  std::atomic<int> cancelled{0};
  std::atomic<int> echoed{0};  // calls of Echo that ended well
  std::promise<std::chrono::milliseconds> left;  // until the deadline, as the server sees it
  std::atomic<bool> left_set{false};
};

class Reactor final : public grpc::ServerGenericBidiReactor {
 public:
  Reactor(grpc::GenericCallbackServerContext* context, Facts& facts) : context_(context), method_(context->method()), facts_(facts) {
    if (method_ == "/t/Fail") {
      Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such thing"));
      return;
    }
    if (method_ == "/t/Broken") {
      Finish(grpc::Status(grpc::StatusCode::INTERNAL, "a fault of mine"));
      return;
    }
    if (method_ == "/t/Wait") {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(context->deadline() - Wall());
      if (!facts_.left_set.exchange(true)) facts_.left.set_value(left);
      return;
    }
    StartRead(&message_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      if (method_ == "/t/BrokenLate") return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "a fault of mine"));
      context_->AddTrailingMetadata("t-count", std::to_string(count_));
      ++facts_.echoed;
      return Finish(grpc::Status::OK);
    }
    ++count_;
    StartWrite(&message_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      StartRead(&message_);
    } else {
      Finish(grpc::Status(grpc::StatusCode::UNKNOWN, "the client is gone"));
    }
  }
  void OnCancel() override {
    ++facts_.cancelled;
    if (method_ == "/t/Wait") Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

  grpc::GenericCallbackServerContext* context_;
  const std::string method_;
  Facts& facts_;
  grpc::ByteBuffer message_;
  int count_ = 0;
};

class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(Facts& facts) : facts_(facts) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override { return new Reactor(context, facts_); }

 private:
  Facts& facts_;
};

class GrpcServer {
 public:
  GrpcServer() : service_(facts) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~GrpcServer() { server_->Shutdown(Wall()); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus("shop.Cart", serving); }
  Facts facts;

 private:
  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// One call, driven step by step.
class Call {
 public:
  Call(std::uint16_t port, const std::string& method, std::chrono::milliseconds deadline = kPatience) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
    context_.set_deadline(Wall() + deadline);
    call_ = stub_->PrepareCall(&context_, method, &queue_);
    call_->StartCall(this);
    started_ = Step();
  }
  ~Call() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool Send(const std::string& text) {
    call_->Write(Bytes(text), this);
    return Step();
  }
  bool SendEnd() {
    call_->WritesDone(this);
    return Step();
  }
  // Nothing: the stream has ended.
  std::optional<std::string> Read() {
    grpc::ByteBuffer bytes;
    call_->Read(&bytes, this);
    if (!Step()) return std::nullopt;
    return Text(bytes);
  }
  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, this);
    Step();
    return status;
  }
  void Cancel() { context_.TryCancel(); }
  std::string Trailing(const std::string& name) const {
    const auto& all = context_.GetServerTrailingMetadata();
    const auto at = all.find(name);
    return at == all.end() ? std::string() : std::string(at->second.data(), at->second.size());
  }

 private:
  bool Step() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.AsyncNext(&tag, &ok, Wall() + 2 * kPatience) == grpc::CompletionQueue::GOT_EVENT && ok;
  }

  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericStub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool started_ = false;
};

SiteOptions To(const std::string& address) { return {.upstream_line = "protocol: HTTP2", .backends = {address}}; }

TEST(Grpc, UnaryWithTrailingMetadata) {
  GrpcServer server;
  const Site site(To(server.address()));
  Call call(site.port(), "/t/Echo");
  ASSERT_TRUE(call.Send("hello"));
  ASSERT_TRUE(call.SendEnd());
  EXPECT_EQ(call.Read(), "hello");
  EXPECT_EQ(call.Read(), std::nullopt);
  const grpc::Status status = call.Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(call.Trailing("t-count"), "1");
}

TEST(Grpc, ACopyIsACallLikeItsOriginal) {
  GrpcServer server;
  GrpcServer shadow;
  const Site site(To(server.address()));
  const std::string mirrored = fmt::format(
      "kind: Upstream\nname: {0}-shadow\nspec: {{protocol: HTTP2, backends: [{{address: \"{1}\"}}]}}\n---\n"
      "kind: Route\nname: {0}-mirrored\nspec:\n  listeners: [{0}]\n  matches: [{{grpc: {{service: t}}}}]\n"
      "  forward: {{upstreams: [{{upstream: {0}}}]}}\n  mirror: {{upstream: {0}-shadow}}\n",
      site.name(), shadow.address());
  const absl::Status applied = site.fleet().Apply(mirrored);
  ASSERT_TRUE(applied.ok()) << applied;
  {
    Call call(site.port(), "/t/Echo");
    ASSERT_TRUE(call.Send("hello"));
    ASSERT_TRUE(call.SendEnd());
    EXPECT_EQ(call.Read(), "hello");
    EXPECT_TRUE(call.Finish().ok());
  }
  // A server of gRPC refuses calls without `te: trailers`.
  EXPECT_TRUE(harness::Eventually([&] { return shadow.facts.echoed == 1; }));
  EXPECT_EQ(server.facts.echoed, 1);
  (void)site.fleet().Yardctl({"delete", "-f", "-"}, mirrored);
}

TEST(Grpc, ProbesAskTheHealthService) {
  GrpcServer server;
  server.SetServing(true);
  const Site site({.upstream_line = "protocol: HTTP2\n  health_check: {interval: 100ms, starts_unhealthy: true, grpc: {service: shop.Cart}}",
                   .backends = {server.address()}});
  const auto healthy = [&](const char* state) {
    const auto page = site.fleet().AdminGet(0, "/metrics");
    return page.ok() && page->find("switchyard_backends{upstream=\"" + site.name() + "\",state=\"" + state + "\"} 1") != std::string::npos;
  };
  EXPECT_TRUE(harness::Eventually([&] { return healthy("healthy"); }));
  server.SetServing(false);
  EXPECT_TRUE(harness::Eventually([&] { return healthy("unhealthy"); }));
  server.SetServing(true);
  EXPECT_TRUE(harness::Eventually([&] { return healthy("healthy"); }));
}

TEST(Grpc, MessagesGoBothWaysWhileBothSidesAreOpen) {
  GrpcServer server;
  const Site site(To(server.address()));
  Call call(site.port(), "/t/Echo");
  for (int i = 0; i < 200; ++i) {
    const std::string text = "message " + std::to_string(i);
    ASSERT_TRUE(call.Send(text));
    ASSERT_EQ(call.Read(), text);
  }
  ASSERT_TRUE(call.SendEnd());
  EXPECT_EQ(call.Read(), std::nullopt);
  EXPECT_TRUE(call.Finish().ok());
  EXPECT_EQ(call.Trailing("t-count"), "200");
}

TEST(Grpc, LargeMessagesPass) {
  GrpcServer server;
  const Site site(To(server.address()));
  Call call(site.port(), "/t/Echo");
  std::string large(20'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4093) large[i] = static_cast<char>('a' + i % 26);
  ASSERT_TRUE(call.Send(large));
  ASSERT_TRUE(call.SendEnd());
  const std::optional<std::string> back = call.Read();
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(*back == large);
  EXPECT_TRUE(call.Finish().ok());
}

TEST(Grpc, ATrailersOnlyStatusPasses) {
  GrpcServer server;
  const Site site(To(server.address()));
  Call call(site.port(), "/t/Fail");
  EXPECT_EQ(call.Read(), std::nullopt);
  const grpc::Status status = call.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such thing");
}

TEST(Grpc, AStatusThatIsTheServersOwnFaultOpensItsBreakerAndTheCallersDoesNot) {
  for (const char* method : {"/t/Broken", "/t/BrokenLate"}) {
    GrpcServer server;
    const Site site({.upstream_line = "protocol: HTTP2\n  breaker: {mode: COUNT, failure_threshold: 3, open_timeout: 60s}", .backends = {server.address()}});
    const auto code = [&](const char* name) {
      Call call(site.port(), name);
      if (std::string_view(name) == "/t/BrokenLate") {
        (void)call.Send("hello");
        (void)call.SendEnd();
      }
      while (call.Read()) {
      }
      return call.Finish().error_code();
    };
    for (int i = 0; i < 12; ++i) EXPECT_EQ(code("/t/Fail"), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(code(method), grpc::StatusCode::INTERNAL);
    // The agent's own answer: `breaker_open`.
    EXPECT_TRUE(harness::Eventually([&] { return code(method) == grpc::StatusCode::UNAVAILABLE; })) << method;
  }
}

TEST(Grpc, TheDeadlineReachesTheServer) {
  GrpcServer server;
  const Site site(To(server.address()));
  Call call(site.port(), "/t/Wait", std::chrono::milliseconds(800));
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  auto left = server.facts.left.get_future();
  ASSERT_EQ(left.wait_for(kPatience), std::future_status::ready);
  EXPECT_LE(left.get(), std::chrono::milliseconds(810));
  EXPECT_TRUE(harness::Eventually([&] { return server.facts.cancelled > 0; }));
}

TEST(Grpc, CancellationReachesTheServer) {
  GrpcServer server;
  const Site site(To(server.address()));
  Call call(site.port(), "/t/Wait");
  ASSERT_EQ(server.facts.left.get_future().wait_for(kPatience), std::future_status::ready);
  call.Cancel();
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(harness::Eventually([&] { return server.facts.cancelled > 0; }));
}

TEST(Grpc, ManyCallsShareOneConnectionToTheServer) {
  GrpcServer server;
  const Site site(To(server.address()));
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < 30; ++i) calls.push_back(std::make_unique<Call>(site.port(), "/t/Echo"));
  for (std::size_t i = 0; i < calls.size(); ++i) ASSERT_TRUE(calls[i]->Send(std::to_string(i)));
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i]->Read(), std::to_string(i));
  for (auto& call : calls) {
    ASSERT_TRUE(call->SendEnd());
    EXPECT_EQ(call->Read(), std::nullopt);
    EXPECT_TRUE(call->Finish().ok());
  }
}

TEST(Grpc, ErrorsOfTheAgentAreGrpcStatuses) {
  const harness::ReservedPort nobody;
  const Site site(To("127.0.0.1:" + std::to_string(nobody.port())));
  Call call(site.port(), "/t/Echo");
  const grpc::Status status = call.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "connect_failed");
}

TEST(Grpc, ADeadlineOfTheCallerIsKeptByTheAgentItself) {
  // A backend that never answers, and a client that does not give up by itself.
  harness::RawBackend silent([](harness::BackendConnection& connection) { (void)connection.PeerCloses(); });
  const Site site(To(silent.address()));
  auto client = harness::H2Client::Connect(site.port());
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE((*client)
                  ->SendHeaders(1,
                                {{":method", "POST"},
                                 {":scheme", "http"},
                                 {":path", "/t/Wait"},
                                 {":authority", "a"},
                                 {"content-type", "application/grpc"},
                                 {"te", "trailers"},
                                 {"grpc-timeout", "300m"}},
                                true)
                  .ok());
  auto answer = (*client)->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200);
  EXPECT_EQ(answer->Header("grpc-status"), "4");
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "deadline_exceeded");
}

}  // namespace
}  // namespace switchyard::integration
