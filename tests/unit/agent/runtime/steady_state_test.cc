// Goal: a request in steady state allocates nothing on its worker.
// Method: every `operator new` of this program is counted, except on the threads of the test itself; a real data plane with one worker
// carries requests over kept-alive connections between a raw client and a raw backend.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <future>
#include <new>
#include <thread>

#include "agent/access_log/press.h"
#include "agent/health/health_table.h"
#include "agent/runtime/data_plane.h"
#include "tests/harness/deadline.h"
#include "tests/harness/h2_client.h"
#include "tests/harness/socket.h"
#include "tests/harness/temp_dir.h"

namespace {

std::atomic<std::uint64_t> allocations{0};
// Of threads that belong to the test.
thread_local bool uncounted = false;

void* Allocate(std::size_t size) {
  if (!uncounted) allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace switchyard::agent::runtime {
namespace {

using harness::Deadline;
using harness::Socket;

std::string ReadToEmptyLine(Socket& socket, std::size_t body) {
  std::string bytes;
  while (true) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end != std::string::npos && bytes.size() >= end + 4 + body) return bytes;
    auto more = socket.Read(Deadline(harness::kPatience));
    if (!more.ok() || more->empty()) return {};
    bytes += *more;
  }
}

class SteadyState : public testing::Test {
 protected:
  void SetUp() override {
    uncounted = true;
    auto listening = Socket::ListenLoopback();
    ASSERT_TRUE(listening.ok()) << listening.status();
    backend_listens_ = *std::move(listening);
    Start();
  }
  void Start() {
    auto plane = DataPlane::Start({.workers = 1, .seed = 1, .clock = &clock_, .health = &health_, .log = nullptr, .access_log = press_.get()});
    ASSERT_TRUE(plane.ok()) << plane.status();
    plane_ = *std::move(plane);
  }
  // From now on with an access log.
  void LogTo(const std::string& path) {
    auto press = access_log::Press::Open(path, clock_, no_log_);
    ASSERT_TRUE(press.ok()) << press.status();
    press_ = *std::move(press);
    plane_.reset();
    Start();
  }
  std::uint64_t LinesWritten() const { return press_->counts().written; }
  void TearDown() override {
    if (plane_) plane_->Stop();
    backend_listens_.ShutdownBoth();
    if (backend_.joinable()) backend_.join();
  }

  std::uint16_t port() const { return port_.port(); }

  // Answers each request (with that much of a body) with these bytes, on one connection after the other.
  void Answer(std::size_t request_body, std::string answer) {
    backend_ = std::thread([this, request_body, answer = std::move(answer)] {
      uncounted = true;
      while (true) {
        auto accepted = backend_listens_.Accept(Deadline(harness::kPatience));
        if (!accepted.ok()) return;
        while (!ReadToEmptyLine(*accepted, request_body).empty()) {
          if (!accepted->Write(answer, Deadline(harness::kPatience)).ok()) break;
        }
      }
    });
  }

  // What `count` requests allocate, after as many as it takes to be in steady state.
  std::uint64_t AllocationsOf(std::size_t count, const std::string& request, std::size_t answer_bytes) {
    auto client = Socket::ConnectLoopback(port_.port());
    EXPECT_TRUE(client.ok()) << client.status();
    const auto exchange = [&](std::size_t times) {
      for (std::size_t i = 0; i < times; ++i) {
        if (!client->Write(request, Deadline(harness::kPatience)).ok()) return false;
        if (ReadToEmptyLine(*client, answer_bytes).empty()) return false;
      }
      return true;
    };
    EXPECT_TRUE(exchange(200));
    const std::uint64_t before = allocations;
    EXPECT_TRUE(exchange(count));
    return allocations - before;
  }

  // A listener, a route and an upstream, changed as the test likes.
  struct Parts {
    v1::Listener& listener;
    v1::Route& route;
    v1::Upstream& upstream;
  };
  void Apply(const std::function<void(Parts)>& change = [](Parts) {}) {
    v1::Snapshot snapshot;
    snapshot.set_generation(1);
    for (int i = 0; i < 3; ++i) snapshot.add_resources();
    v1::Resource& upstream = *snapshot.mutable_resources(0);
    upstream.set_name("app");
    upstream.mutable_upstream()->add_backends()->set_address(fmt::format("127.0.0.1:{}", backend_listens_.port()));
    v1::Resource& route = *snapshot.mutable_resources(1);
    route.set_name("all");
    route.mutable_route()->add_listeners("web");
    route.mutable_route()->mutable_forward()->add_upstreams()->set_upstream("app");
    v1::Resource& listener = *snapshot.mutable_resources(2);
    listener.set_name("web");
    listener.mutable_listener()->set_address("127.0.0.1");
    listener.mutable_listener()->set_port(port_.port());
    change({*listener.mutable_listener(), *route.mutable_route(), *upstream.mutable_upstream()});
    std::promise<config::ApplyOutcome> applied;
    plane_->Apply(snapshot, [&](config::ApplyOutcome outcome) { applied.set_value(std::move(outcome)); });
    const config::ApplyOutcome outcome = applied.get_future().get();
    ASSERT_TRUE(outcome.applied);
    ASSERT_TRUE(outcome.violations.empty()) << outcome.violations[0].reason();
  }

 private:
  SystemClock clock_;
  health::HealthTable health_;
  harness::ReservedPort port_;
  Socket backend_listens_;
  std::thread backend_;
  observe::NullLog no_log_;
  std::unique_ptr<access_log::Press> press_;
  std::unique_ptr<DataPlane> plane_;
};

TEST_F(SteadyState, AGetAllocatesNothing) {
  Apply();
  const std::string body(128, 'b');
  Answer(0, fmt::format("HTTP/1.1 200 OK\r\nServer: test\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  EXPECT_EQ(AllocationsOf(1000, "GET /some/path?with=query HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n", body.size()), 0U);
}

TEST_F(SteadyState, APostAllocatesNothing) {
  Apply();
  const std::string body(4096, 'p');
  Answer(body.size(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(AllocationsOf(1000, fmt::format("POST /p HTTP/1.1\r\nHost: example.com\r\nContent-Length: {}\r\n\r\n{}", body.size(), body), 2), 0U);
}

TEST_F(SteadyState, AChunkedAnswerAllocatesNothing) {
  Apply();
  Answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(AllocationsOf(1000, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", sizeof("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") - 1), 0U);
}

TEST_F(SteadyState, ARouteWithPoliciesAllocatesNothing) {
  Apply([](Parts parts) {
    const auto add = [](v1::HeaderValue& header, const char* name, const char* value) {
      header.set_name(name);
      header.set_value(value);
    };
    v1::Route& route = parts.route;
    add(*route.mutable_request_headers()->add_set(), "X-From", "agent, for %client_ip% and nobody else at all");
    add(*route.mutable_request_headers()->add_add(), "X-Id", "%request_id%");
    route.mutable_request_headers()->add_remove("X-Secret");
    add(*route.mutable_response_headers()->add_set(), "X-Backend", "%upstream%/%backend%/%status%/and so on");
    route.mutable_response_headers()->add_remove("Server");
    route.mutable_security_headers();
    route.mutable_rewrite()->set_whole_path("/another/path/that/is/long/enough/to/need/memory");
    route.mutable_timeouts()->mutable_request()->set_seconds(5);
    route.mutable_timeouts()->mutable_idle()->set_seconds(5);
    parts.upstream.mutable_retry()->set_max_attempts(3);
    parts.upstream.mutable_retry()->mutable_per_try_timeout()->set_seconds(2);
    parts.upstream.mutable_retry()->add_on(v1::RETRY_CONDITION_GATEWAY_ERROR);
  });
  Answer(0, "HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(AllocationsOf(1000, "GET /some/path?q HTTP/1.1\r\nHost: example.com\r\nX-Secret: s\r\nX-From: client\r\n\r\n", 2), 0U);
}

TEST_F(SteadyState, ALineInTheAccessLogAllocatesNothing) {
  const harness::TempDir directory;
  LogTo(directory.Sub("access.log"));
  Apply([](Parts parts) {
    v1::AccessLog& log = *parts.listener.mutable_access_log();
    log.add_request_headers("User-Agent");
    log.add_request_headers("Authorization");
    log.add_response_headers("Content-Type");
    log.set_query(true);
    parts.listener.mutable_http()->set_request_id(v1::REQUEST_ID_MODE_ENSURE);
  });
  Answer(0, "HTTP/1.1 200 OK\r\nServer: test\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(AllocationsOf(1000, "GET /some/path?with=query HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAuthorization: Bearer x\r\n\r\n", 2), 0U);
  EXPECT_TRUE(harness::Eventually([&] { return LinesWritten() == 1200; }));
}

// Streams and what belongs to them come from spare memory, which asks the heap in the beginning only.
TEST_F(SteadyState, AGetOverHttp2AllocatesNothing) {
  Apply();
  Answer(0, "HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 2\r\n\r\nok");
  auto client = harness::H2Client::Connect(port());
  ASSERT_TRUE(client.ok()) << client.status();
  std::uint32_t stream = 1;
  const auto exchange = [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i, stream += 2) {
      const auto sent = (*client)->SendHeaders(stream, {{":method", "GET"}, {":scheme", "http"}, {":authority", "example.com"}, {":path", "/a/path"}}, true);
      if (!sent.ok()) return false;
      const auto answer = (*client)->ReadAnswer(stream);
      if (!answer.ok() || answer->status() != 200 || answer->body != "ok") return false;
    }
    return true;
  };
  ASSERT_TRUE(exchange(200));
  const std::uint64_t before = allocations;
  ASSERT_TRUE(exchange(500));
  EXPECT_EQ(allocations - before, 0U);
}

}  // namespace
}  // namespace switchyard::agent::runtime
