// Goal: HTTP/2 through a real agent in every combination of versions: bodies, trailers, informational responses, tunnels, cancellation,
// back-pressure, drain; and with real clients.
// Method: a frame-by-frame client; a scripted HTTP/1 backend; where the agent has to speak HTTP/2 to a backend, that backend is a second
// listener of the agent, in front of the scripted one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <future>

#include "common/base/clock.h"
#include "tests/harness/h2_client.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::H2Answer;
using harness::H2Client;
using harness::HeaderList;
using harness::RawBackend;

HeaderList Request(const std::string& method, const std::string& path, HeaderList more = {}) {
  HeaderList fields = {{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "a"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::unique_ptr<H2Client> Connect(const Site& site) {
  auto client = H2Client::Connect(site.port());
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *std::move(client) : nullptr;
}

// A site whose backend is `inner`'s listener, spoken to in HTTP/2.
SiteOptions Over(const Site& inner) { return {.upstream_line = "protocol: HTTP2", .backends = {fmt::format("127.0.0.1:{}", inner.port())}}; }

// Runs a program; its standard output. Skips the test when the program is not installed.
std::string RunClient(std::vector<std::string> argv) {
  auto process = harness::Process::Start({.argv = std::move(argv)});
  if (!process.ok()) return "not started: " + process.status().ToString();
  auto exit = (*process)->Wait();
  return exit.ok() && exit->code == 0 ? (*process)->Stdout() : "failed: " + (*process)->Describe();
}

TEST(Http2, ManyRequestsAtOnceOnOneConnection) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = Connect(site);
  for (std::uint32_t i = 0; i < 50; ++i) ASSERT_TRUE(client->SendHeaders(1 + 2 * i, Request("GET", fmt::format("/{}", i)), true).ok());
  for (std::uint32_t i = 0; i < 50; ++i) {
    auto answer = client->ReadAnswer(1 + 2 * i);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200);
    EXPECT_EQ(answer->body, fmt::format("backend GET /{} HTTP/1.1", i));
    EXPECT_EQ(answer->Header("via"), "1.1 switchyard");
  }
}

TEST(Http2, Http1StaysOnTheSamePort) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange(Get("/one"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200);
}

TEST(Http2, ThePrefaceMayComeInPieces) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = H2Client::Connect(site.port(), /*raw=*/true);
  ASSERT_TRUE(client.ok());
  const std::string all = std::string(harness::kH2Preface) + harness::MakeFrame(harness::kH2Settings, 0, 0, {}) +
                          harness::MakeFrame(harness::kH2Headers, harness::kH2EndHeaders | harness::kH2EndStream, 1,
                                             harness::MakeSection(Request("GET", "/pieces")));
  for (const char byte : all) ASSERT_TRUE((*client)->Send({&byte, 1}).ok());
  auto answer = (*client)->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200);
}

TEST(Http2, AnH2OnlyListenerRefusesHttp1AndAnHttp1ListenerRefusesHttp2) {
  RawBackend backend;
  const Site only({.listener_line = "protocol: HTTP2", .backends = {backend.address()}});
  auto client = only.Connect();
  auto answer = client.Exchange(Get("/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 505);
  const Site old({.listener_line = "protocol: HTTP1", .backends = {backend.address()}});
  auto h2 = H2Client::Connect(old.port());
  ASSERT_TRUE(h2.ok());
  EXPECT_TRUE((*h2)->ReadToEnd());
  EXPECT_FALSE((*h2)->settings_seen());
}

TEST(Http2, EveryCombinationOfVersionsCarriesBodiesAndTrailers) {
  RawBackend backend([](BackendConnection& connection) {
    while (true) {
      auto request = connection.ReadRequest();
      if (!request.ok()) return;
      const std::string sum = request->trailers.empty() ? "none" : request->trailers.front().second;
      (void)connection.Write(fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\nx-echo: {}\r\n\r\n", request->body.size(),
                                         request->body, sum));
    }
  });
  const Site inner({.backends = {backend.address()}});
  const Site outer(Over(inner));
  for (const Site* site : {&inner, &outer}) {
    auto h2 = Connect(*site);
    ASSERT_TRUE(h2->SendHeaders(1, Request("POST", "/"), false).ok());
    ASSERT_TRUE(h2->SendData(1, "a body", false).ok());
    ASSERT_TRUE(h2->SendHeaders(1, {{"x-sum", "6"}}, true).ok());
    auto answer = h2->ReadAnswer(1);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, "a body");
    EXPECT_EQ(answer->trailers, (HeaderList{{"x-echo", "6"}}));
    auto h1 = site->Connect();
    auto reply = h1.Exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na body\r\n0\r\nx-sum: 7\r\n\r\n");
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->body, "a body");
    EXPECT_EQ(reply->trailers, (HeaderList{{"x-echo", "7"}}));
  }
}

TEST(Http2, InformationalHeadAndNoBodyResponsesPassThroughBothHops) {
  RawBackend backend([](BackendConnection& connection) {
    while (true) {
      auto request = connection.ReadHead();
      if (!request.ok()) return;
      if (request->start_line.starts_with("HEAD")) {
        (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
      } else {
        (void)connection.Write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
      }
    }
  });
  const Site inner({.backends = {backend.address()}});
  const Site outer(Over(inner));
  auto client = Connect(outer);
  ASSERT_TRUE(client->SendHeaders(1, Request("HEAD", "/"), true).ok());
  auto head = client->ReadAnswer(1);
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->Header("content-length"), "10");
  EXPECT_TRUE(head->body.empty());
  ASSERT_TRUE(client->SendHeaders(3, Request("GET", "/"), true).ok());
  auto get = client->ReadAnswer(3);
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->status(), 204);
  ASSERT_EQ(get->informational.size(), 1u);
  EXPECT_EQ(get->informational[0][0].second, "103");
}

TEST(Http2, ExpectContinueAsksTheBackend) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadHead();
    (void)connection.Write("HTTP/1.1 100 Continue\r\n\r\n");
    (void)connection.ReadBytes(4);
    (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}});
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("POST", "/", {{"content-length", "4"}, {"expect", "100-continue"}}), false).ok());
  while (client->answer(1).informational.empty()) ASSERT_TRUE(client->ReadFrame().ok());
  ASSERT_TRUE(client->SendData(1, "body", true).ok());
  auto answer = client->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200);
}

TEST(Http2, AnEarlyAnswerEndsTheRequestWithoutAnError) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadHead();
    (void)connection.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}});
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("POST", "/"), false).ok());
  auto answer = client->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 403);
  EXPECT_EQ(answer->body, "no");
  while (!client->answer(1).reset) ASSERT_TRUE(client->ReadFrame().ok());
  EXPECT_EQ(client->answer(1).reset_error, 0u);
}

TEST(Http2, AResetByTheClientEndsTheRequestAtTheBackend) {
  std::promise<bool> closed;
  RawBackend backend([&closed](BackendConnection& connection) {
    (void)connection.ReadRequest();
    closed.set_value(connection.PeerCloses());
  });
  const Site site({.backends = {backend.address()}});
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("GET", "/"), true).ok());
  ASSERT_TRUE(harness::Eventually([&] { return !backend.SeenRequests().empty(); }));
  ASSERT_TRUE(client->Send(harness::MakeFrame(harness::kH2Reset, 0, 1, harness::BigEndian32(8))).ok());
  EXPECT_TRUE(closed.get_future().get());
}

TEST(Http2, AResponseThatIsCutIsReset) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}));
  const Site site({.backends = {backend.address()}});
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("GET", "/"), true).ok());
  auto answer = client->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->reset);
  EXPECT_EQ(answer->reset_error, 2u);
}

// The client gives no window: what the agent takes from the backend stays bounded, and other streams of the connection are served.
TEST(Http2, AClientThatTakesNothingStopsItsBackendAndNobodyElse) {
  static constexpr std::size_t kTotal = 64U << 20U;
  std::atomic<std::size_t> written{0};
  RawBackend backend([&written](BackendConnection& connection) {
    auto request = connection.ReadRequest();
    if (!request.ok()) return;
    if (request->start_line != "GET /large HTTP/1.1") {
      (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      (void)connection.PeerCloses();
      return;
    }
    (void)connection.Write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kTotal));
    const std::string piece(65536, 'x');
    while (written < kTotal && connection.Write(piece, std::chrono::seconds(2)).ok()) written += piece.size();
  });
  const Site site({.backends = {backend.address()}});
  auto client = Connect(site);
  client->GiveNoWindows();
  ASSERT_TRUE(client->SendHeaders(1, Request("GET", "/large"), true).ok());
  ASSERT_TRUE(client->ReadBody(1, 65535).ok());
  // The connection's window is used up; give it some, not the stream.
  ASSERT_TRUE(client->Send(harness::MakeFrame(harness::kH2Window, 0, 0, harness::BigEndian32(1U << 20U))).ok());
  ASSERT_TRUE(client->SendHeaders(3, Request("GET", "/small"), true).ok());
  auto small = client->ReadAnswer(3);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(small->body, "ok");
  EXPECT_EQ(client->answer(1).body.size(), 65535u);
  EXPECT_LT(written, kTotal / 2);
}

TEST(Http2, AStalledClientIsResetAndCounted) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}));
  const Site site({.http = "{http2: {stall_timeout: 200ms}}", .backends = {backend.address()}});
  auto client = H2Client::Connect(site.port(), /*raw=*/true);
  ASSERT_TRUE(client.ok());
  // SETTINGS_INITIAL_WINDOW_SIZE of 1 byte.
  ASSERT_TRUE((*client)
                  ->Send(std::string(harness::kH2Preface) +
                         harness::MakeFrame(harness::kH2Settings, 0, 0, std::string("\0\x04\0\0\0\x01", 6)))
                  .ok());
  (*client)->GiveNoWindows();
  ASSERT_TRUE((*client)->SendHeaders(1, Request("GET", "/"), true).ok());
  auto answer = (*client)->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->reset);
  EXPECT_EQ(answer->reset_error, 8u);
  EXPECT_EQ(answer->body, "h");
}

TEST(Http2, AnIdleConnectionEndsWithGoaway) {
  RawBackend backend;
  const Site site({.http = "{keep_alive_timeout: 200ms}", .backends = {backend.address()}});
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("GET", "/"), true).ok());
  ASSERT_TRUE(client->ReadAnswer(1).ok());
  auto goaway = client->ReadGoaway();
  ASSERT_TRUE(goaway.ok()) << goaway.status();
  EXPECT_EQ(*goaway, 0u);
  EXPECT_EQ(client->goaway_last().back(), 1u);
  EXPECT_TRUE(client->ReadToEnd());
}

// It has not answered the PING behind the first GOAWAY, so what it sends may have been sent before it knew.
TEST(Http2, AClientThatIsLongSilentIsServedUntilItKnowsOfTheEnd) {
  RawBackend backend;
  const Site site({.http = "{max_requests_per_connection: 1}", .backends = {backend.address()}});
  auto client = Connect(site);
  client->KeepSilent();
  ASSERT_TRUE(client->SendHeaders(1, Request("GET", "/"), true).ok());
  ASSERT_TRUE(client->ReadAnswer(1).ok());
  ASSERT_TRUE(client->ReadGoaway().ok());
  EXPECT_EQ(client->goaway_last().back(), 0x7fffffffU);
  // Longer than the least time between the two steps.
  const TimePoint until = SystemClock().Now() + std::chrono::seconds(2);
  while (SystemClock().Now() < until) (void)client->ReadFrame(until - SystemClock().Now());
  EXPECT_EQ(client->goaway_last().size(), 1u);
  ASSERT_TRUE(client->SendHeaders(3, Request("GET", "/"), true).ok());
  const auto late = client->ReadAnswer(3);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->status(), 200);
  ASSERT_TRUE(client->Send(harness::MakeFrame(harness::kH2Ping, harness::kH2Ack, 0, std::string(8, '\0'))).ok());
  EXPECT_TRUE(client->ReadToEnd());
  EXPECT_EQ(client->goaway_last().back(), 3u);
}

TEST(Http2, AHeadThatDoesNotEndIsCutOff) {
  RawBackend backend;
  const Site site({.http = "{head_timeout: 200ms}", .backends = {backend.address()}});
  auto client = Connect(site);
  client->KeepSilent();
  ASSERT_TRUE(client->Send(harness::MakeFrame(harness::kH2Headers, 0, 1, harness::MakeSection(Request("GET", "/")))).ok());
  auto goaway = client->ReadGoaway();
  ASSERT_TRUE(goaway.ok()) << goaway.status();
  EXPECT_EQ(*goaway, 11u);
}

TEST(Http2, AHeadersFrameWhosePayloadDoesNotComeIsCutOff) {
  RawBackend backend;
  const Site site({.http = "{head_timeout: 200ms}", .backends = {backend.address()}});
  auto client = Connect(site);
  const std::string frame = harness::MakeFrame(harness::kH2Headers, harness::kH2EndHeaders | harness::kH2EndStream, 1, std::string(100, 'x'));
  ASSERT_TRUE(client->Send(frame.substr(0, 9)).ok());
  auto goaway = client->ReadGoaway();
  ASSERT_TRUE(goaway.ok()) << goaway.status();
  EXPECT_EQ(*goaway, 11u);
}

// Bodies that nobody took must not use up the connection's window for good.
TEST(Http2, RefusedUploadsGiveTheirBytesBackToTheConnection) {
  RawBackend dead;
  dead.StopListening();
  const Site site({.http = "{http2: {stream_window: 65535, connection_window: 65535}}",
                   .upstream_line = "breaker: {mode: OFF}",
                   .backends = {dead.address()}});
  auto client = Connect(site);
  for (std::uint32_t i = 0; i < 6; ++i) {
    const std::uint32_t stream = 1 + 2 * i;
    std::string upload = harness::MakeFrame(harness::kH2Headers, harness::kH2EndHeaders, stream, harness::MakeSection(Request("POST", "/")));
    for (int piece = 0; piece < 4; ++piece) {
      upload += harness::MakeFrame(harness::kH2Data, piece == 3 ? harness::kH2EndStream : 0, stream, std::string(10'000, 'x'));
    }
    ASSERT_TRUE(client->Send(upload).ok());
    auto answer = client->ReadAnswer(stream);
    ASSERT_TRUE(answer.ok()) << answer.status() << " at upload " << i;
    EXPECT_EQ(answer->status(), 502);
  }
  EXPECT_TRUE(client->goaway_last().empty()) << "the window was overrun";
}

TEST(Http2, ARemovedListenerSaysGoawayInTwoStepsAndServesWhatIsUnderWay) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  RawBackend backend([gate](BackendConnection& connection) {
    (void)connection.ReadRequest();
    gate.wait_for(harness::kPatience);
    (void)connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    (void)connection.PeerCloses();
  });
  auto site = std::make_unique<Site>(SiteOptions{.backends = {backend.address()}});
  auto client = Connect(*site);
  ASSERT_TRUE(client->SendHeaders(1, Request("GET", "/"), true).ok());
  ASSERT_TRUE(harness::Eventually([&] { return !backend.SeenRequests().empty(); }));
  site.reset();
  while (client->goaway_last().size() < 2) ASSERT_TRUE(client->ReadFrame().ok());
  EXPECT_EQ(client->goaway_last()[0], 0x7fffffffu);
  EXPECT_EQ(client->goaway_last()[1], 1u);
  go.set_value();
  auto answer = client->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "ok");
  EXPECT_TRUE(client->ReadToEnd());
}

TEST(Http2, RequestsOfManyClientsShareOneConnectionToTheBackend) {
  RawBackend backend;
  const Site inner({.backends = {backend.address()}});
  const Site outer(Over(inner));
  for (int i = 0; i < 20; ++i) {
    auto client = outer.Connect();
    auto answer = client.Exchange(Get(fmt::format("/{}", i)));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, fmt::format("backend GET /{} HTTP/1.1", i));
  }
}

// Echoes what comes behind the switch until the peer ends.
void EchoTunnel(BackendConnection& connection) {
  auto request = connection.ReadRequest();
  if (!request.ok()) return;
  const bool good = request->Header("upgrade") == "websocket" && !request->Header("sec-websocket-key").empty();
  (void)connection.Write(good ? "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
                              : "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  while (good) {
    auto bytes = connection.ReadBytes(4);
    if (!bytes.ok() || !connection.Write(*bytes).ok()) return;
  }
}

TEST(Http2, AnExtendedConnectBecomesAnUpgradeAtAnHttp1Backend) {
  RawBackend backend(EchoTunnel);
  const Site inner({.backends = {backend.address()}});
  const Site outer(Over(inner));
  for (const Site* site : {&inner, &outer}) {
    auto client = Connect(*site);
    ASSERT_TRUE(client->SendHeaders(1, {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/chat"}, {":authority", "a"},
                                        {"sec-websocket-version", "13"}},
                                    false)
                    .ok());
    auto head = client->ReadHead(1);
    ASSERT_TRUE(head.ok()) << head.status();
    EXPECT_EQ(head->status(), 200);
    EXPECT_TRUE(head->Header("sec-websocket-accept").empty());
    for (int i = 1; i <= 5; ++i) {
      ASSERT_TRUE(client->SendData(1, "ping", false).ok());
      ASSERT_TRUE(client->ReadBody(1, static_cast<std::size_t>(4 * i)).ok());
    }
    EXPECT_EQ(client->answer(1).body, "pingpingpingpingping");
    ASSERT_TRUE(client->SendData(1, "", true).ok());
    auto end = client->ReadAnswer(1);
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_TRUE(end->ended);
  }
}

TEST(Http2, AnUpgradeOfHttp1BecomesAnExtendedConnectAtAnHttp2Backend) {
  RawBackend backend(EchoTunnel);
  const Site inner({.backends = {backend.address()}});
  const Site outer(Over(inner));
  auto client = outer.Connect();
  // Key and answer of RFC 6455 section 1.3.
  ASSERT_TRUE(client
                  .Send("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                  .ok());
  auto head = client.ReadResponseHead();
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->status(), 101);
  EXPECT_EQ(head->Header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  ASSERT_TRUE(client.Send("ping").ok());
  auto echo = client.ReadBytes(4);
  ASSERT_TRUE(echo.ok()) << echo.status();
  EXPECT_EQ(*echo, "ping");
}

TEST(Http2, CurlWithPriorKnowledge) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  const std::string url = fmt::format("http://127.0.0.1:{}/curl", site.port());
  EXPECT_EQ(RunClient({"/usr/bin/curl", "-sS", "--http2-prior-knowledge", "-w", " %{http_version}", url}), "backend GET /curl HTTP/1.1 2");
  // An offer to upgrade is ignored: RFC 9113 removed it.
  EXPECT_EQ(RunClient({"/usr/bin/curl", "-sS", "--http2", "-w", " %{http_version}", url}), "backend GET /curl HTTP/1.1 1.1");
}

TEST(Http2, H2loadAgainstBothKindsOfBackends) {
  if (access("/usr/bin/h2load", X_OK) != 0) GTEST_SKIP() << "needs h2load (nghttp2-client)";
  RawBackend backend;
  const Site inner({.backends = {backend.address()}});
  const Site outer(Over(inner));
  for (const Site* site : {&inner, &outer}) {
    const std::string out = RunClient({"/usr/bin/h2load", "-n", "2000", "-c", "4", "-m", "20", fmt::format("http://127.0.0.1:{}/", site->port())});
    EXPECT_NE(out.find("2000 succeeded, 0 failed, 0 errored"), std::string::npos) << out;
  }
}

}  // namespace
}  // namespace switchyard::integration
