// Goal: whoever does not take what it is sent makes the other side wait, never the agent's memory grow; and nothing that was answered is lost.
// Method: clients and backends that do not read, read late or send in awkward pieces. How much the agent let through says how much it held: what
// the kernel's buffers take is a few megabytes, and the amounts here are far above that.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Deadline;
using harness::RawBackend;

// More than every kernel buffer on the way together.
constexpr std::size_t kFarTooMuch = 32U << 20U;
constexpr Duration kUntilStuck = std::chrono::seconds(2);
constexpr std::size_t kAnswer = 50'000;
constexpr int kSmallBuffer = 8192;
// Sizes in steps below the agent's high water, up to beyond what a socket buffer grows to: of some of them the kernel takes nearly all and the
// agent holds the rest when the exchange is over.
constexpr std::size_t kStep = 60'000;
constexpr std::size_t kLate = 70;

std::string Answer(std::size_t size) { return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", size, std::string(size, 'a')); }

// Answers every request with that many bytes.
RawBackend::Handler AnsweringBytes(std::size_t size) {
  return [answer = Answer(size)](BackendConnection& connection) {
    while (connection.ReadRequest().ok()) {
      if (!connection.Write(answer).ok()) return;
    }
  };
}

// A body of `total` bytes in chunks of `piece`.
std::string Chunked(std::size_t total, std::size_t piece) {
  std::string out;
  for (std::size_t sent = 0; sent < total; sent += piece) out += fmt::format("{:x}\r\n{}\r\n", piece, std::string(piece, 'c'));
  return out + "0\r\n\r\n";
}

TEST(BackPressure, PipelinedRequestsWaitForAClientThatDoesNotRead) {
  RawBackend backend(AnsweringBytes(kAnswer));
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect(kSmallBuffer);
  std::string requests;
  const std::string request = Get("/" + std::string(1000, 'x'));
  while (requests.size() < kFarTooMuch) requests += request;
  EXPECT_EQ(client.Send(requests, kUntilStuck).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(backend.SeenRequests().size() * kAnswer, kFarTooMuch);
  // It was a pause, not an end.
  for (int i = 0; i < 200; ++i) {
    auto answer = client.ReadResponse();
    ASSERT_TRUE(answer.ok()) << i << ": " << answer.status();
    ASSERT_EQ(answer->body.size(), kAnswer);
  }
}

TEST(BackPressure, PipelinedRequestsAreNotHoardedForAClientThatReads) {
  RawBackend backend(AnsweringBytes(10));
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  std::string requests;
  const std::string request = Get("/" + std::string(180, 'x'));
  while (requests.size() < 2 * kFarTooMuch) requests += request;
  std::thread reader([&] { (void)client.ReadToEnd(kUntilStuck + std::chrono::seconds(1)); });
  const absl::Status sent = client.socket().Write(requests, Deadline(kUntilStuck));
  client.socket().ShutdownBoth();
  reader.join();
  EXPECT_EQ(sent.code(), absl::StatusCode::kDeadlineExceeded) << "everything was taken although it could not be answered yet";
}

TEST(BackPressure, InformationalHeadsHaveABound) {
  RawBackend backend([](BackendConnection& connection) {
    if (!connection.ReadRequest().ok()) return;
    const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: " + std::string(1000, 'l') + "\r\n\r\n";
    for (int i = 0; i < 100'000; ++i) {
      if (!connection.Write(hint).ok()) return;
    }
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send(Get("/")).ok());
  int hints = 0;
  auto answer = client.ReadResponse();
  for (; answer.ok() && answer->status() == 103; answer = client.ReadResponse()) ++hints;
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(hints, 16);
  EXPECT_EQ(answer->status(), 502);
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "bad_response");
}

TEST(BackPressure, StreamsOfSmallChunksFlowInBothDirections) {
  constexpr std::size_t kTotal = 2'000'000;
  RawBackend backend([](BackendConnection& connection) {
    if (!connection.ReadRequest().ok()) return;
    (void)connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunked(kTotal, 1000));
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  std::thread sender([&] {
    (void)client.socket().Write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunked(kTotal, 1000),
                                Deadline(harness::kPatience));
  });
  auto answer = client.ReadResponse();
  sender.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body.size(), kTotal);
  ASSERT_EQ(backend.SeenRequests().size(), 1U);
  EXPECT_EQ(backend.SeenRequests()[0].body.size(), kTotal);
}

TEST(BackPressure, ADrainWaitsForWhatSlowClientsHaveYetToRead) {
  auto fleet = harness::Fleet::Start({});
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  RawBackend backend([](BackendConnection& connection) {
    while (true) {
      auto request = connection.ReadRequest();
      if (!request.ok()) return;
      if (!connection.Write(Answer(std::stoul(std::string(request->Header("x-size"))))).ok()) return;
    }
  });
  const Site site({.backends = {backend.address()}, .fleet = fleet->get()});
  std::vector<harness::RawHttpClient> clients;
  const auto size_of = [](std::size_t i) { return (i + 1) * kStep; };
  for (std::size_t i = 0; i < kLate; ++i) {
    clients.push_back(site.Connect(kSmallBuffer));
    ASSERT_TRUE(clients.back().Send(fmt::format("GET / HTTP/1.1\r\nHost: a\r\nx-size: {}\r\n\r\n", size_of(i))).ok());
  }
  for (auto& client : clients) ASSERT_TRUE(client.socket().WaitReadable(Deadline(harness::kPatience)).ok());
  ASSERT_TRUE(harness::Eventually([&] { return backend.Quiet(); }));
  auto idle = site.Connect();
  (*fleet)->agent(0).Signal(SIGTERM);
  // Now everything that is idle has been closed.
  ASSERT_TRUE(idle.ExpectClose().ok());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    auto answer = clients[i].ReadResponse();
    ASSERT_TRUE(answer.ok()) << size_of(i);
    EXPECT_EQ(answer->body.size(), size_of(i));
  }
}

TEST(BackPressure, ATunnelEndsForReadersThatAreLate) {
  std::atomic<std::size_t> written{0};
  RawBackend backend([&](BackendConnection& connection) {
    auto head = connection.ReadHead();
    if (!head.ok()) return;
    const std::size_t size = std::stoul(std::string(head->Header("x-size")));
    (void)connection.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + std::string(size, 't'));
    connection.ShutdownWrite();
    ++written;
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}});
  std::vector<harness::RawHttpClient> clients;
  for (std::size_t i = 0; i < kLate; ++i) {
    clients.push_back(site.Connect(kSmallBuffer));
    const std::string size = std::to_string((i + 1) * kStep);
    ASSERT_TRUE(clients.back().Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nx-size: " + size + "\r\n\r\n").ok());
  }
  // The smaller ones are all in buffers; the larger ones wait for their clients.
  ASSERT_TRUE(harness::Eventually([&] { return written >= 4; }));
  for (auto& client : clients) ASSERT_TRUE(client.socket().WaitReadable(Deadline(harness::kPatience)).ok());
  for (std::size_t i = 0; i < kLate; ++i) {
    auto head = clients[i].ReadResponse();
    ASSERT_TRUE(head.ok()) << head.status();
    auto bytes = clients[i].ReadBytes((i + 1) * kStep);
    ASSERT_TRUE(bytes.ok()) << (i + 1) * kStep;
    ASSERT_TRUE(clients[i].ExpectClose().ok()) << (i + 1) * kStep;
  }
}

// --- what the same faults did to requests ---

TEST(Redispatch, KeepsABodyWholeForTheNextConnection) {
  // Every odd connection closes after the head; the body is on its way at that moment.
  RawBackend backend([](BackendConnection& connection) {
    if (connection.index() % 2 == 0) return static_cast<void>(connection.ReadHead());
    while (connection.ReadRequest().ok()) {
      if (!connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").ok()) return;
    }
  });
  const Site site({.backends = {backend.address()}});
  int whole = 0;
  for (int i = 0; i < 40; ++i) {
    auto client = site.Connect();
    const std::size_t connections = backend.connections();
    ASSERT_TRUE(client.Send("PUT /w HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
    ASSERT_TRUE(harness::Eventually([&] { return backend.connections() > connections || !backend.SeenRequests().empty(); }));
    for (const char* piece : {"6\r\nFIRST-\r\n", "6\r\nSECOND\r\n", "5\r\nTHIRD\r\n", "0\r\n\r\n"}) ASSERT_TRUE(client.Send(piece).ok());
    auto answer = client.ReadResponse();
    ASSERT_TRUE(answer.ok()) << answer.status();
    // A body of which a part went to the first connection may not go again: then the client is told.
    if (answer->status() == 200) {
      EXPECT_EQ(backend.SeenRequests().back().body, "FIRST-SECONDTHIRD");
      ++whole;
    } else {
      EXPECT_EQ(answer->Header("x-switchyard-cause"), "upstream_closed");
    }
    backend.Clear();
  }
  EXPECT_GT(whole, 0);
}

TEST(EarlyAnswer, SaysThatTheConnectionEnds) {
  RawBackend backend([](BackendConnection& connection) {
    if (!connection.ReadHead().ok()) return;
    (void)connection.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    (void)connection.PeerCloses();
  });
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 403);
  EXPECT_EQ(answer->Header("connection"), "close");
}

TEST(EmptyBody, IsStatedToTheBackendWhenTheClientStatedIt) {
  RawBackend backend;
  const Site site({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Exchange("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").ok());
  ASSERT_TRUE(client.Exchange("POST /b HTTP/1.1\r\nHost: a\r\n\r\n").ok());
  ASSERT_EQ(backend.SeenRequests().size(), 2U);
  EXPECT_EQ(backend.SeenRequests()[0].Header("content-length"), "0");
  EXPECT_EQ(backend.SeenRequests()[1].CountHeader("content-length"), 0U);
}

}  // namespace
}  // namespace switchyard::integration
