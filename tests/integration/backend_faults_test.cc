// Goal: whatever a backend does wrong, the client gets a whole, honest answer or sees that it got none; nothing leaks between requests.
// Method: scripted backends that lie, stop, reset or vanish; causes and the backend's own record are checked.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::RawBackend;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// One request to a backend that answers with these bytes and closes; the client's view of it.
absl::StatusOr<harness::HttpMessage> AnswerOf(const std::string& bytes, const std::string& request = Get("/")) {
  RawBackend backend([&](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.Write(bytes);
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  return client.Exchange(request);
}

TEST(BackendFaults, AShortBodyIsCutSoThatTheClientNotices) {
  auto answer = AnswerOf("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
}

TEST(BackendFaults, AChunkedBodyWithoutItsEndIsCut) {
  auto answer = AnswerOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
}

TEST(BackendFaults, ABadChunkIsCut) {
  auto answer = AnswerOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
}

TEST(BackendFaults, ABodyUntilCloseArrivesWhole) {
  auto answer = AnswerOf("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "until the end");
}

TEST(BackendFaults, BytesBeyondTheLengthReachNobody) {
  RawBackend backend([](BackendConnection& connection) {
    while (connection.ReadRequest().ok()) {
      if (!connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").ok()) return;
    }
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  for (int i = 0; i < 5; ++i) {
    auto answer = client.Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, "ok");
  }
  EXPECT_EQ(backend.connections(), 5u) << "a connection with stray bytes was used again";
}

TEST(BackendFaults, BadHeadsAreBadGateways) {
  const std::string_view heads[] = {
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 99 Low\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: y\rz\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
  };
  for (const std::string_view head : heads) {
    auto answer = AnswerOf(std::string(head), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    ASSERT_TRUE(answer.ok()) << head << answer.status();
    EXPECT_EQ(answer->status(), 502) << head;
    EXPECT_EQ(answer->Header("x-switchyard-cause"), "bad_response") << head;
  }
}

TEST(BackendFaults, AHugeHeadIsABadGateway) {
  auto answer = AnswerOf("HTTP/1.1 200 OK\r\nX: " + std::string(600'000, 'y') + "\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "bad_response");
}

TEST(BackendFaults, ARefusedConnectIsABadGateway) {
  const harness::ReservedPort nobody;
  const Site site({.backends = {fmt::format("127.0.0.1:{}", nobody.port())}});
  auto client = site.Connect();
  auto answer = client.Exchange(Get("/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 502);
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "connect_failed");
}

TEST(BackendFaults, ARefusedConnectGoesToAnotherBackend) {
  const harness::ReservedPort nobody;
  RawBackend backend;
  const Site site({.upstream_line = "balancer: ROUND_ROBIN", .backends = {fmt::format("127.0.0.1:{}", nobody.port()), backend.address()}});
  auto client = site.Connect();
  for (int i = 0; i < 10; ++i) {
    auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200);
  }
}

TEST(BackendFaults, ACloseInsteadOfAnAnswerIsABadGatewayForPost) {
  RawBackend backend([](BackendConnection& connection) { (void)connection.ReadRequest(); });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 502);
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "upstream_closed");
  EXPECT_EQ(backend.SeenRequests().size(), 1u) << "a POST was sent twice";
}

TEST(BackendFaults, AResetInsteadOfAnAnswerIsABadGatewayForPost) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadRequest();
    connection.Reset();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "upstream_closed");
  EXPECT_EQ(backend.SeenRequests().size(), 1u);
}

TEST(BackendFaults, AHalfHeadIsABadGateway) {
  auto answer = AnswerOf("HTTP/1.1 200 OK\r\nContent-Le", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 502);
}

// A kept-alive connection that dies under the next request, before a byte of its response.
RawBackend::Handler DiesUnderTheSecondRequest() {
  return [](BackendConnection& connection) {
    if (!connection.ReadRequest(std::chrono::minutes(1)).ok() || !connection.Write(kOk).ok()) return;
    if (connection.index() == 0) {
      (void)connection.ReadRequest(std::chrono::minutes(1));
      return;
    }
    while (connection.ReadRequest(std::chrono::minutes(1)).ok() && connection.Write(kOk).ok()) {
    }
  };
}

TEST(BackendFaults, ADeadReusedConnectionIsReplacedOnceForGet) {
  RawBackend backend(DiesUnderTheSecondRequest());
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  for (int i = 0; i < 2; ++i) {
    auto answer = client.Exchange(Get(fmt::format("/{}", i)));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200) << answer->Header("x-switchyard-cause");
  }
  const auto seen = backend.SeenRequests();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1].start_line, seen[2].start_line);
}

TEST(BackendFaults, ADeadReusedConnectionIsNotReplacedForPost) {
  RawBackend backend(DiesUnderTheSecondRequest());
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Exchange(Get("/")).ok());
  auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 502);
  EXPECT_EQ(backend.SeenRequests().size(), 2u) << "a POST was sent twice";
}

TEST(BackendFaults, AConnectionThatClosedWhileIdleIsNotUsed) {
  RawBackend backend(RawBackend::Scripted({std::string(kOk)}));
  const Site site({.backends = {backend.address()}});
  const std::string none = fmt::format("switchyard_upstream_connections{{upstream=\"{}\"}} 0", site.name());
  auto client = site.Connect();
  for (int i = 0; i < 3; ++i) {
    auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200) << "request " << i << ": " << answer->Header("x-switchyard-cause");
    // A close that arrives together with the next request cannot be told from one that comes after it; so let the agent see it first.
    ASSERT_TRUE(harness::Eventually([&] { return backend.open() == 0; }));
    ASSERT_TRUE(harness::Eventually([&] { return site.fleet().AdminGet(0, "/metrics").value_or("").find(none) != std::string::npos; }));
  }
}

TEST(BackendFaults, AClientThatLeavesEndsTheAttempt) {
  std::atomic<bool> ended{false};
  RawBackend backend([&ended](BackendConnection& connection) {
    (void)connection.ReadRequest();
    ended = connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send(Get("/")).ok());
  ASSERT_TRUE(harness::Eventually([&] { return backend.SeenRequests().size() == 1; }));
  client.Reset();
  EXPECT_TRUE(harness::Eventually([&] { return ended.load(); })) << "the backend goes on for a client that is gone";
}

TEST(BackendFaults, AClientThatStopsMidBodyNeverBecomesAWholeRequest) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  for (const char* head : {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n5\r\nhalf"}) {
    auto client = site.Connect();
    ASSERT_TRUE(client.Send(std::string("POST / HTTP/1.1\r\nHost: a\r\n") + head).ok());
    client.ShutdownWrite();
    (void)client.ReadToEnd();
    ASSERT_TRUE(harness::Eventually([&] { return backend.Quiet(); }));
    EXPECT_TRUE(backend.SeenRequests().empty());
  }
}

}  // namespace
}  // namespace switchyard::integration
