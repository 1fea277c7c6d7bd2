// Goal: every deadline and bound on a connection does what listener.proto, route.proto and upstream.proto say, and names its cause.
// Method: listeners with short deadlines and small bounds; the test waits for the answer or the close, not for the time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::RawBackend;

void ExpectRefusal(harness::RawHttpClient& client, int status, std::string_view cause) {
  auto answer = client.ReadResponse();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), status);
  EXPECT_EQ(answer->Header("x-switchyard-cause"), cause);
}

TEST(Limits, ASlowHeadIsAnsweredAndClosed) {
  RawBackend backend;
  const Site site({.http = "{head_timeout: 300ms}", .backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\nX: ").ok());
  ExpectRefusal(client, 408, "head_timeout");
  EXPECT_TRUE(client.ExpectClose().ok());
  EXPECT_EQ(backend.connections(), 0u);
}

TEST(Limits, ASilentConnectionIsClosedQuietly) {
  RawBackend backend;
  const Site site({.http = "{keep_alive_timeout: 300ms}", .backends = {backend.address()}});
  auto fresh = site.Connect();
  auto used = site.Connect();
  ASSERT_TRUE(used.Exchange(Get("/")).ok());
  EXPECT_TRUE(fresh.ExpectClose().ok());
  EXPECT_TRUE(used.ExpectClose().ok());
}

TEST(Limits, ASilentBodyIsAnsweredAndClosed) {
  RawBackend backend;
  const Site site({.http = "{body_idle_timeout: 300ms}", .backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").ok());
  ExpectRefusal(client, 408, "body_timeout");
  EXPECT_TRUE(client.ExpectClose().ok());
  EXPECT_TRUE(harness::Eventually([&] { return backend.open() == 0; })) << "the attempt was not ended";
}

TEST(Limits, ABackendThatDoesNotAnswerTimesOut) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.PeerCloses();
  });
  const Site site({.timeouts = "{response: 300ms}", .backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send(Get("/")).ok());
  ExpectRefusal(client, 504, "response_timeout");
  EXPECT_TRUE(harness::Eventually([&] { return backend.open() == 0; })) << "the attempt was not ended";
}

TEST(Limits, ABackendThatFallsSilentIsCut) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    (void)connection.PeerCloses();
  });
  const Site site({.timeouts = "{idle: 300ms}", .backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange(Get("/"));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
  EXPECT_TRUE(harness::Eventually([&] { return backend.open() == 0; }));
}

TEST(Limits, AnIdleTunnelIsCut) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadHead();
    (void)connection.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
    (void)connection.PeerCloses();
  });
  const Site site({.timeouts = "{idle: 300ms}", .backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").ok());
  auto head = client.ReadResponseHead();
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_TRUE(harness::Eventually([&] { return backend.open() == 0; }));
}

TEST(Limits, ABodyThatGrowsBeyondTheBoundIsCutOff) {
  RawBackend backend;
  const Site site({.http = "{max_body_bytes: 1000}", .backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
  const std::string chunk = "64\r\n" + std::string(100, 'x') + "\r\n";
  for (int i = 0; i < 11 && client.Send(chunk).ok(); ++i) {
  }
  ExpectRefusal(client, 413, "body_too_large");
  EXPECT_TRUE(harness::Eventually([&] { return backend.open() == 0; }));
  EXPECT_TRUE(backend.SeenRequests().empty());
}

TEST(Limits, NoBodyMayComeWhereNoneIsAllowed) {
  RawBackend backend;
  const Site site({.http = "{max_body_bytes: 0}", .backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").ok());
  ExpectRefusal(client, 413, "body_too_large");
  auto other = site.Connect();
  EXPECT_TRUE(other.Exchange(Get("/")).ok());
}

TEST(Limits, AConnectionServesSoManyRequestsAndSaysClose) {
  RawBackend backend;
  const Site site({.http = "{max_requests_per_connection: 3}", .backends = {backend.address()}});
  auto client = site.Connect();
  for (int i = 1; i <= 3; ++i) {
    auto answer = client.Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->Header("connection"), i == 3 ? "close" : "");
  }
  EXPECT_TRUE(client.ExpectClose().ok());
}

TEST(Limits, ConnectionsBeyondTheBoundAreAnsweredAndClosed) {
  RawBackend backend;
  // Two workers share the bound evenly, and the kernel spreads connections: with 2 allowed, at least one of 8 is refused, and each that is
  // refused is told so.
  const Site site({.http = "{max_connections: 2}", .backends = {backend.address()}});
  std::vector<harness::RawHttpClient> clients;
  int refused = 0;
  for (int i = 0; i < 8; ++i) {
    auto& client = clients.emplace_back(site.Connect());
    (void)client.Send(Get("/"));
    auto answer = client.ReadResponse();
    ASSERT_TRUE(answer.ok()) << answer.status();
    if (answer->status() == 200) continue;
    ++refused;
    EXPECT_EQ(answer->status(), 503);
    EXPECT_EQ(answer->Header("x-switchyard-cause"), "too_many_connections");
  }
  EXPECT_GE(refused, 6);
}

TEST(Limits, RequestsBeyondThePoolWaitAndThenFail) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.PeerCloses();
  });
  const Site site({.pool = "{max_connections_per_backend: 1, max_idle_per_backend: 1, max_pending: 0}", .backends = {backend.address()}});
  // Each of the two workers has one connection at least, so of three requests one finds none.
  std::vector<harness::RawHttpClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(site.Connect());
    ASSERT_TRUE(clients.back().Send(Get("/")).ok());
  }
  int refused = 0;
  for (auto& client : clients) {
    auto answer = client.ReadResponse(false, std::chrono::milliseconds(500));
    if (!answer.ok()) continue;
    ++refused;
    EXPECT_EQ(answer->status(), 503);
    EXPECT_EQ(answer->Header("x-switchyard-cause"), "pool_exhausted");
  }
  EXPECT_GE(refused, 6);
  EXPECT_LE(backend.connections(), 2u);
}

TEST(Limits, AClientThatDoesNotReadHoldsTheBackendBackAndNotMemory) {
  static constexpr std::size_t kTotal = std::size_t{96} << 20;
  std::atomic<std::size_t> written{0};
  RawBackend backend([&written](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.Write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kTotal));
    const std::string block(1 << 20, 'x');
    for (std::size_t sent = 0; sent < kTotal && connection.Write(block).ok(); sent += block.size()) written += block.size();
  });
  const Site site({.backends = {backend.address()}});
  const long before = site.fleet().agent(0).ResidentKib();
  auto client = site.Connect(65536);
  ASSERT_TRUE(client.Send(Get("/")).ok());
  ASSERT_TRUE(client.ReadResponseHead().ok());
  // The backend gets as far as the buffers of the kernel and the agent reach, and stops.
  std::size_t last = 0;
  EXPECT_TRUE(harness::Eventually([&] {
    const std::size_t now = written;
    const bool still = now > 0 && now == last;
    last = now;
    return still && now < kTotal;
  }));
  EXPECT_LT(site.fleet().agent(0).ResidentKib() - before, 16 * 1024);
  auto body = client.ReadBytes(kTotal);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_LT(site.fleet().agent(0).ResidentKib() - before, 32 * 1024);
}

TEST(Limits, AClientThatDoesNotReadIsNoFaultOfTheBackend) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const std::string block(1 << 20, 'x');
    while (connection.Write(block).ok()) {
    }
  });
  const Site site({.timeouts = "{idle: 300ms}", .backends = {backend.address()}});
  auto client = site.Connect(65536);
  ASSERT_TRUE(client.Send(Get("/")).ok());
  ASSERT_TRUE(client.ReadResponseHead().ok());
  EXPECT_TRUE(harness::Eventually([&] { return backend.connections() == 1 && backend.open() == 0; })) << "the response was not given up";
  std::string page;
  EXPECT_TRUE(harness::Eventually([&] {
    page = site.fleet().AdminGet(0, "/metrics").value_or("");
    return page.find("switchyard_request_causes_total{listener=\"" + site.name() + "\",cause=\"client_stalled\"} 1") != std::string::npos;
  })) << page;
  EXPECT_EQ(page.find("switchyard_upstream_failures_total{upstream=\"" + site.name() + "\""), std::string::npos) << page;
}

}  // namespace
}  // namespace switchyard::integration
