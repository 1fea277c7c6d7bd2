// Goal: HTTP/1.1 through a real agent, message by message: order, bodies, streaming, informational responses, tunnels.
// Method: raw client on one side, scripted backend on the other; each side waits for what the other did, never for time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::RawBackend;

TEST(Http1, AnswersPipelinedRequestsInOrder) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  std::string all;
  for (int i = 0; i < 20; ++i) all += Get(fmt::format("/{}", i));
  ASSERT_TRUE(client.Send(all).ok());
  for (int i = 0; i < 20; ++i) {
    auto answer = client.ReadResponse();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, fmt::format("backend GET /{} HTTP/1.1", i));
  }
}

TEST(Http1, KeepsConnectionsOnBothSides) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  for (int i = 0; i < 10; ++i) {
    auto answer = client.Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200);
  }
  EXPECT_EQ(backend.connections(), 1u);
}

TEST(Http1, HeadHasALengthAndNoBody) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}));
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto head = client.Exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", /*to_head=*/true);
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->Header("content-length"), "10");
  auto get = client.Exchange(Get("/"));
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->body, "ok");
}

TEST(Http1, NoContentAndNotModifiedHaveNoBody) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}));
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  for (const int status : {204, 304, 200}) {
    auto answer = client.Exchange(Get("/"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), status);
  }
}

TEST(Http1, StreamsAChunkedResponseAndItsTrailers) {
  std::promise<void> first_seen;
  auto gate = first_seen.get_future().share();
  RawBackend backend([gate](BackendConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n5\r\nfirst\r\n");
    gate.wait_for(harness::kPatience);
    (void)connection.Write("6\r\nsecond\r\n0\r\nx-sum: 11\r\n\r\n");
    (void)connection.ReadRequest();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send(Get("/")).ok());
  auto head = client.ReadResponseHead();
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_TRUE(head->chunked());
  auto first = client.ReadBytes(10);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, "5\r\nfirst\r\n");
  first_seen.set_value();
  auto rest = client.ReadBytes(std::string_view("6\r\nsecond\r\n0\r\nx-sum: 11\r\n\r\n").size());
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_NE(rest->find("x-sum: 11"), std::string::npos) << *rest;
}

TEST(Http1, StreamsARequestBodyBeforeItIsWhole) {
  std::promise<std::string> half;
  RawBackend backend([&half](BackendConnection& connection) {
    (void)connection.ReadHead();
    half.set_value(connection.ReadBytes(4).value_or("failed"));
    (void)connection.ReadBytes(4);
    (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    (void)connection.ReadHead();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf").ok());
  auto got = half.get_future();
  ASSERT_EQ(got.wait_for(harness::kPatience), std::future_status::ready);
  EXPECT_EQ(got.get(), "half");
  auto answer = client.Exchange("more");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200);
}

TEST(Http1, ForwardsRequestTrailers) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 3\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto seen = backend.SeenRequests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].body, "abc");
  ASSERT_EQ(seen[0].trailers.size(), 1u);
  EXPECT_EQ(seen[0].trailers[0].second, "3");
}

TEST(Http1, ContinueComesFromTheBackend) {
  RawBackend backend([](BackendConnection& connection) {
    auto head = connection.ReadHead();
    if (!head.ok() || head->Header("expect") != "100-continue") return;
    (void)connection.Write("HTTP/1.1 100 Continue\r\n\r\n");
    (void)connection.ReadBytes(4);
    (void)connection.Write("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    (void)connection.ReadHead();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto go_on = client.Exchange("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  ASSERT_TRUE(go_on.ok()) << go_on.status();
  ASSERT_EQ(go_on->status(), 100);
  auto answer = client.Exchange("body");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 201);
}

TEST(Http1, ABackendMayRefuseWithoutTheBody) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadHead();
    (void)connection.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 400\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 403);
  EXPECT_EQ(answer->body, "no");
}

TEST(Http1, ForwardsInformationalResponses) {
  RawBackend backend(RawBackend::Scripted(
      {"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}));
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send(Get("/")).ok());
  for (const int status : {103, 103, 200}) {
    auto answer = client.ReadResponse();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), status);
  }
}

TEST(Http1, InformationalResponsesDoNotReachHttp10Clients) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"}));
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200);
  EXPECT_FALSE(answer->chunked());
  EXPECT_EQ(answer->body, "ok");
}

TEST(Http1, TunnelsAnUpgradeBothWaysUntilBothEndsClose) {
  RawBackend backend([](BackendConnection& connection) {
    auto head = connection.ReadHead();
    if (!head.ok() || head->Header("upgrade") != "websocket") return;
    (void)connection.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello");
    if (connection.ReadBytes(7).value_or("") != "\x81GET /x") return;
    (void)connection.Write("got it");
    (void)connection.PeerCloses();
    (void)connection.Write("bye");
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n").ok());
  auto head = client.ReadResponseHead();
  ASSERT_TRUE(head.ok()) << head.status();
  ASSERT_EQ(head->status(), 101);
  EXPECT_EQ(head->Header("upgrade"), "websocket");
  EXPECT_EQ(client.ReadBytes(5).value_or(""), "hello");
  ASSERT_TRUE(client.Send("\x81GET /x").ok());
  EXPECT_EQ(client.ReadBytes(6).value_or(""), "got it");
  client.ShutdownWrite();
  EXPECT_EQ(client.ReadToEnd(), "bye");
}

TEST(Http1, AnUpgradeThatTheBackendDeclinesIsAnOrdinaryExchange) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200);
  auto next = client.Exchange(Get("/next"));
  ASSERT_TRUE(next.ok()) << next.status();
}

TEST(Http1, ForwardsWhatAProxyMustAndAddsItsName) {
  RawBackend backend(RawBackend::Scripted(
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-End: 2\r\nKeep-Alive: timeout=5\r\n\r\n"}));
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("GET /p?q=1 HTTP/1.1\r\nHost: shop.example:8080\r\nAccept: */*\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->Header("via"), "1.1 switchyard");
  EXPECT_EQ(answer->Header("x-hop"), "");
  EXPECT_EQ(answer->Header("x-end"), "2");
  EXPECT_EQ(answer->Header("keep-alive"), "");
  const auto seen = backend.SeenRequests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].start_line, "GET /p?q=1 HTTP/1.1");
  EXPECT_EQ(seen[0].Header("host"), "shop.example:8080");
  EXPECT_EQ(seen[0].Header("accept"), "*/*");
  EXPECT_EQ(seen[0].Header("via"), "1.1 switchyard");
  EXPECT_EQ(seen[0].Header("x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(seen[0].Header("x-forwarded-proto"), "http");
  EXPECT_EQ(seen[0].Header("x-forwarded-host"), "shop.example:8080");
}

TEST(Http1, AppendsToForwardingHeadersOfATrustedProxy) {
  RawBackend backend;
  const Site site({.http = "{forwarded: APPEND}", .backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: https\r\n\r\n").ok());
  const auto seen = backend.SeenRequests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].Header("x-forwarded-for"), "10.1.2.3, 127.0.0.1");
  EXPECT_EQ(seen[0].Header("x-forwarded-proto"), "https");
  EXPECT_EQ(seen[0].CountHeader("x-forwarded-proto"), 1u);
}

TEST(Http1, AnUpstreamWithoutBackendsSaysSo) {
  const Site site({.backends = {}});
  auto client = site.Connect();
  auto answer = client.Exchange(Get("/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 503);
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "no_backend");
  auto again = client.Exchange(Get("/"));
  EXPECT_TRUE(again.ok()) << "a refusal that is not the client's fault keeps the connection: " << again.status();
}

TEST(Http1, TheRouteOfARequestIsCounted) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.Exchange(Get("/")).ok());
  const auto figures = [&] { return SharedFleet()->AdminGet(0, "/metrics").value_or(""); };
  const auto says = [&](const std::string& line) { return figures().find(line) != std::string::npos; };
  const std::string requests = fmt::format("switchyard_route_requests_total{{route=\"{}\",class=\"2xx\"}} 3\n", site.name());
  EXPECT_TRUE(harness::Eventually([&] { return says(requests); })) << figures();
  EXPECT_TRUE(says(fmt::format("switchyard_route_duration_seconds_count{{route=\"{}\"}} 3\n", site.name())));
  EXPECT_TRUE(says(fmt::format("switchyard_backend_latency_seconds_count{{upstream=\"{}\",backend=\"{}\"}} 3\n", site.name(), backend.address())));
}

}  // namespace
}  // namespace switchyard::integration
