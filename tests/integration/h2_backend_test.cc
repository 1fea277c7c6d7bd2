// Goal: what an agent makes of backends that speak HTTP/2: requests share connections up to what the backend allows, what the backend says it
// did not process goes elsewhere, and every other end has its cause.
// Method: a backend inside the test that reads frames and answers as each test says; nothing waits for time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/harness/h2_client.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::BigEndian32;
using harness::H2Client;
using harness::HeaderList;
using harness::MakeFrame;
using harness::RawBackend;

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  bool ends() const { return (type == harness::kH2Headers || type == harness::kH2Data) && (flags & harness::kH2EndStream) != 0; }
};

// The frames of one connection, from the preface on.
class Frames {
 public:
  // `settings`: payload of our SETTINGS.
  Frames(BackendConnection& connection, const std::string& settings = {}) : connection_(connection) {
    ok_ = connection.ReadBytes(harness::kH2Preface.size()).ok();
    Write(MakeFrame(harness::kH2Settings, 0, 0, settings));
  }
  std::optional<Frame> Next() {
    auto head = connection_.ReadBytes(9);
    if (!ok_ || !head.ok()) return std::nullopt;
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>((*head)[at])); };
    Frame frame;
    frame.type = static_cast<std::uint8_t>(byte(3));
    frame.flags = static_cast<std::uint8_t>(byte(4));
    frame.stream = byte(5) << 24U | byte(6) << 16U | byte(7) << 8U | byte(8);
    const std::size_t size = byte(0) << 16U | byte(1) << 8U | byte(2);
    if (size > 0) {
      auto payload = connection_.ReadBytes(size);
      if (!payload.ok()) return std::nullopt;
      frame.payload = *payload;
    }
    if (frame.type == harness::kH2Settings && (frame.flags & harness::kH2Ack) == 0) Write(MakeFrame(harness::kH2Settings, harness::kH2Ack, 0, {}));
    return frame;
  }
  // The next whole request's stream.
  std::optional<std::uint32_t> NextRequest() {
    while (auto frame = Next()) {
      if (frame->ends()) return frame->stream;
    }
    return std::nullopt;
  }
  void Write(const std::string& bytes) { ok_ = connection_.Write(bytes).ok() && ok_; }
  void Answer(std::uint32_t stream, const std::string& body = "ok") {
    Write(MakeFrame(harness::kH2Headers, harness::kH2EndHeaders, stream, harness::MakeSection({{":status", "200"}})) +
          MakeFrame(harness::kH2Data, harness::kH2EndStream, stream, body));
  }
  void Reset(std::uint32_t stream, std::uint32_t error) { Write(MakeFrame(harness::kH2Reset, 0, stream, BigEndian32(error))); }
  void Goaway(std::uint32_t last) { Write(MakeFrame(harness::kH2Goaway, 0, 0, BigEndian32(last) + BigEndian32(0))); }

 private:
  BackendConnection& connection_;
  bool ok_ = false;
};

// SETTINGS_MAX_CONCURRENT_STREAMS.
std::string MaxStreams(std::uint32_t n) { return std::string("\0\x03", 2) + BigEndian32(n); }

void ServeAll(Frames& frames, const std::string& body = "ok") {
  while (auto stream = frames.NextRequest()) frames.Answer(*stream, body);
}

SiteOptions To(const std::vector<std::string>& backends) {
  // Worker and pool of one agent with two workers: clients of one connection stay on one worker.
  return {.upstream_line = "protocol: HTTP2", .backends = backends};
}

HeaderList Request(const std::string& method = "GET") {
  return {{":method", method}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
}

std::unique_ptr<H2Client> Connect(const Site& site) {
  auto client = H2Client::Connect(site.port());
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *std::move(client) : nullptr;
}

TEST(H2Backend, RequestsShareOneConnection) {
  RawBackend backend([](BackendConnection& connection) {
    Frames frames(connection);
    std::vector<std::uint32_t> waiting;
    // Nobody is answered before all are there.
    while (waiting.size() < 10) {
      auto stream = frames.NextRequest();
      if (!stream) return;
      waiting.push_back(*stream);
    }
    for (const std::uint32_t stream : waiting) frames.Answer(stream);
    ServeAll(frames);
  });
  const Site site(To({backend.address()}));
  auto client = Connect(site);
  for (std::uint32_t i = 0; i < 10; ++i) ASSERT_TRUE(client->SendHeaders(1 + 2 * i, Request(), true).ok());
  for (std::uint32_t i = 0; i < 10; ++i) {
    auto answer = client->ReadAnswer(1 + 2 * i);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200);
  }
  EXPECT_EQ(backend.connections(), 1u);
}

TEST(H2Backend, FurtherConnectionsAreMadeWhenTheBackendAllowsNoMoreStreams) {
  std::atomic<int> open{0};
  RawBackend backend([&open](BackendConnection& connection) {
    Frames frames(connection, MaxStreams(2));
    std::vector<std::uint32_t> waiting;
    while (auto stream = frames.NextRequest()) {
      // The first, alone, tells the agent of the limit.
      if (connection.index() == 0 && waiting.empty() && open == 0) {
        ++open;
        frames.Answer(*stream);
        continue;
      }
      ++open;
      waiting.push_back(*stream);
      if (waiting.size() > 2) frames.Goaway(0);
      if (!harness::Eventually([&] { return open >= 7 || waiting.size() < 2; })) return;
      if (waiting.size() == 2) {
        for (const std::uint32_t each : waiting) frames.Answer(each);
        waiting.clear();
      }
    }
  });
  const Site site(To({backend.address()}));
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request(), true).ok());
  ASSERT_TRUE(client->ReadAnswer(1).ok());
  for (std::uint32_t i = 1; i <= 6; ++i) ASSERT_TRUE(client->SendHeaders(1 + 2 * i, Request(), true).ok());
  for (std::uint32_t i = 1; i <= 6; ++i) {
    auto answer = client->ReadAnswer(1 + 2 * i);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200) << answer->Header("x-switchyard-cause");
  }
  EXPECT_EQ(backend.connections(), 3u);
}

TEST(H2Backend, WhatGoawayLeavesOutGoesElsewhereWhateverItsMethod) {
  RawBackend backend([](BackendConnection& connection) {
    Frames frames(connection);
    if (connection.index() > 0) return ServeAll(frames, "second");
    auto first = frames.NextRequest();
    auto second = frames.NextRequest();
    if (!first || !second) return;
    frames.Goaway(*first);
    frames.Answer(*first, "first");
    (void)connection.PeerCloses();
  });
  const Site site(To({backend.address()}));
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request(), true).ok());
  ASSERT_TRUE(client->SendHeaders(3, Request("POST"), true).ok());
  auto first = client->ReadAnswer(1);
  auto second = client->ReadAnswer(3);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->body, "first");
  EXPECT_EQ(second->body, "second");
  EXPECT_EQ(backend.connections(), 2u);
}

TEST(H2Backend, ARefusedRequestGoesElsewhereAndARefusedBodyDoesNot) {
  RawBackend backend([](BackendConnection& connection) {
    Frames frames(connection);
    bool refused = connection.index() > 0;
    while (auto frame = frames.Next()) {
      if (frame->type == harness::kH2Data && !frame->payload.empty()) {
        frames.Reset(frame->stream, 7);
      } else if (frame->ends()) {
        if (refused) {
          frames.Answer(frame->stream);
        } else {
          frames.Reset(frame->stream, 7);
        }
        refused = true;
      }
    }
  });
  const Site site(To({backend.address()}));
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("POST"), true).ok());
  auto answer = client->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200) << answer->Header("x-switchyard-cause");
  ASSERT_TRUE(client->SendHeaders(3, Request("POST"), false).ok());
  ASSERT_TRUE(client->SendData(3, "body", false).ok());
  auto lost = client->ReadAnswer(3);
  ASSERT_TRUE(lost.ok()) << lost.status();
  EXPECT_EQ(lost->status(), 502);
  EXPECT_EQ(lost->Header("x-switchyard-cause"), "upstream_refused");
}

TEST(H2Backend, AResetBeforeTheHeadIs502AndBehindItAReset) {
  RawBackend backend([](BackendConnection& connection) {
    Frames frames(connection);
    if (auto stream = frames.NextRequest()) frames.Reset(*stream, 2);
    if (auto stream = frames.NextRequest()) {
      frames.Write(MakeFrame(harness::kH2Headers, harness::kH2EndHeaders, *stream, harness::MakeSection({{":status", "200"}})) +
                   MakeFrame(harness::kH2Data, 0, *stream, "half"));
      frames.Reset(*stream, 2);
    }
    ServeAll(frames);
  });
  const Site site(To({backend.address()}));
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("POST"), true).ok());
  auto answer = client->ReadAnswer(1);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 502);
  EXPECT_EQ(answer->Header("x-switchyard-cause"), "upstream_reset");
  ASSERT_TRUE(client->SendHeaders(3, Request("POST"), true).ok());
  auto cut = client->ReadAnswer(3);
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_TRUE(cut->reset);
  EXPECT_EQ(backend.connections(), 1u);
}

TEST(H2Backend, AMalformedHeadIs502) {
  const HeaderList heads[] = {{{":status", "200"}, {"connection", "close"}}, {{":status", "200"}, {"X-Upper", "1"}}, {{":status", "2000"}}, {{"x-a", "b"}},
                              {{":status", "200"}, {"x-a", "b\r\nc: d"}}};
  for (const HeaderList& head : heads) {
    RawBackend backend([head](BackendConnection& connection) {
      Frames frames(connection);
      while (auto stream = frames.NextRequest()) {
        frames.Write(MakeFrame(harness::kH2Headers, harness::kH2EndHeaders | harness::kH2EndStream, *stream, harness::MakeSection(head)));
      }
    });
    const Site site(To({backend.address()}));
    auto client = site.Connect();
    auto answer = client.Exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 502);
  }
}

// Answers whole requests, resets those that go on, and keeps what it saw.
struct Plain {
  std::atomic<int> tunnels{0};
  std::atomic<int> requests{0};
  RawBackend backend{[this](BackendConnection& connection) {
    Frames frames(connection);
    while (auto frame = frames.Next()) {
      if (frame->type != harness::kH2Headers) continue;
      if (frame->ends()) {
        ++requests;
        frames.Answer(frame->stream);
      } else {
        ++tunnels;
        frames.Reset(frame->stream, 1);
      }
    }
  }};
};

TEST(H2Backend, AnUpgradeThatItDoesNotAllowIsAnOrdinaryRequest) {
  Plain plain;
  const Site site(To({plain.backend.address()}));
  auto client = site.Connect();
  // The first before its SETTINGS have come.
  for (const std::string_view protocol : {"foo", "foo", "websocket"}) {
    auto answer = client.Exchange(fmt::format("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: {}\r\n\r\n", protocol));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200) << protocol << " " << answer->Header("x-switchyard-cause");
    EXPECT_EQ(answer->body, "ok");
  }
  EXPECT_EQ(plain.requests, 3);
  EXPECT_EQ(plain.tunnels, 0);
}

TEST(H2Backend, AnExtendedConnectThatItDoesNotAllowIs501AndNoFailureOfIt) {
  Plain plain;
  const Site site({.upstream_line = "protocol: HTTP2\n  breaker: {mode: COUNT, failure_threshold: 1}", .backends = {plain.backend.address()}});
  auto client = Connect(site);
  const HeaderList connect = {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
  for (std::uint32_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(client->SendHeaders(1 + 2 * i, connect, false).ok());
    auto answer = client->ReadAnswer(1 + 2 * i);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 501);
    EXPECT_EQ(answer->Header("x-switchyard-cause"), "not_implemented");
  }
  // The first, at most, came before SETTINGS.
  EXPECT_LE(plain.tunnels, 1);
  ASSERT_TRUE(client->SendHeaders(11, Request(), true).ok());
  auto answer = client->ReadAnswer(11);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 200) << answer->Header("x-switchyard-cause");
}

TEST(H2Backend, AConnectionThatIsMadeAheadSaysThePreface) {
  std::atomic<int> told{0};
  RawBackend backend([&told](BackendConnection& connection) {
    const auto preface = connection.ReadBytes(harness::kH2Preface.size());
    told += preface.ok() && *preface == harness::kH2Preface ? 1 : 0;
    (void)connection.PeerCloses();
  });
  const Site site({.pool = "{min_idle_per_backend: 2}", .upstream_line = "protocol: HTTP2", .backends = {backend.address()}});
  EXPECT_TRUE(harness::Eventually([&] { return told >= 2; }));
}

TEST(H2Backend, AConnectionThatDiesTakesItsRequestsAlong) {
  RawBackend backend([](BackendConnection& connection) {
    Frames frames(connection);
    (void)frames.NextRequest();
    (void)frames.NextRequest();
    connection.Reset();
  });
  const Site site(To({backend.address()}));
  auto client = Connect(site);
  ASSERT_TRUE(client->SendHeaders(1, Request("POST"), true).ok());
  ASSERT_TRUE(client->SendHeaders(3, Request("POST"), true).ok());
  for (const std::uint32_t stream : {1U, 3U}) {
    auto answer = client->ReadAnswer(stream);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 502);
    EXPECT_EQ(answer->Header("x-switchyard-cause"), "upstream_closed");
  }
}

}  // namespace
}  // namespace switchyard::integration
