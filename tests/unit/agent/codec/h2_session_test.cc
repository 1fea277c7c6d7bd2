// Goal: two sessions, one of each side, carry requests, bodies, trailers and ends to each other, keep their windows, and end what is abused.
// Method: what one puts out is fed to the other until both are silent; no sockets, no time.
#include "agent/codec/h2_session.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace switchyard::agent::codec {
namespace {

class Stream final : public H2Stream {
 public:
  ~Stream() override = default;
  void OnFields(H2Fields& fields, bool trailers, bool ends) override {
    if (trailers) {
      fields.ListTo(trailing);
    } else {
      statuses.emplace_back(fields.pseudo(H2Fields::kStatus));
      path = fields.pseudo(H2Fields::kPath);
      too_large = fields.too_large();
    }
    ended = ended || ends;
  }
  void OnData(std::string_view data) override {
    body += data;
    if (session != nullptr && takes) session->Consume(id(), data.size());
  }
  void OnEnd() override { ended = true; }
  void OnDrained() override { ++drained; }
  void OnSent() override { sent = true; }
  void OnClosed(H2Error error, Cause fault) override {
    closed = true;
    close_error = error;
    close_fault = fault;
  }

  H2Session* session = nullptr;
  std::vector<std::string> statuses;
  std::string path;
  std::string body;
  Trailers trailing;
  int drained = 0;
  bool takes = true;
  bool too_large = false;
  bool ended = false;
  bool sent = false;
  bool closed = false;
  H2Error close_error = H2Error::kNoError;
  Cause close_fault = Cause::kNone;
};

class Owner final : public H2Session::Owner {
 public:
  H2Stream* OnNewStream(StreamId id) override {
    if (refuses) return nullptr;
    streams[id] = std::make_unique<Stream>();
    streams[id]->session = session;
    return streams[id].get();
  }
  void OnGoaway(StreamId last, H2Error error) override {
    goaway_last = last;
    goaway_error = error;
    ++goaways;
  }
  void OnGoawayKnown() override { ++known; }
  void OnSettings() override { ++settings; }
  void OnFault(Cause cause) override { faults.push_back(cause); }

  H2Session* session = nullptr;
  std::map<StreamId, std::unique_ptr<Stream>> streams;
  std::vector<Cause> faults;
  StreamId goaway_last = -1;
  H2Error goaway_error = H2Error::kNoError;
  int goaways = 0;
  int known = 0;
  int settings = 0;
  bool refuses = false;
};

class H2SessionTest : public testing::Test {
 protected:
  static constexpr std::size_t kRoom = 1U << 20U;

  void Start(const H2Settings& settings = {}, const H2Limits& limits = {}) {
    server = std::make_unique<H2Session>(H2Session::Side::kServer, server_owner, settings, limits, server_out);
    client = std::make_unique<H2Session>(H2Session::Side::kClient, client_owner, H2Settings(), H2Limits(), client_out);
    server_owner.session = server.get();
  }
  // Until both are silent. The last fault of the server.
  Cause Run(std::size_t room = kRoom) {
    Cause fault = Cause::kNone;
    const TimePoint now = TimePoint() + std::chrono::hours(1);
    for (int i = 0; i < 1000; ++i) {
      client->Pump(room);
      server->Pump(room);
      if (client_out.empty() && server_out.empty()) return fault;
      const std::string to_server = std::exchange(client_out, {});
      const std::string to_client = std::exchange(server_out, {});
      if (const Cause cause = server->Feed(to_server, now); cause != Cause::kNone) fault = cause;
      client->Feed(to_client, now);
    }
    ADD_FAILURE() << "never silent";
    return fault;
  }
  std::unique_ptr<Stream> Request(bool ends, const std::string& path = "/") {
    auto stream = std::make_unique<Stream>();
    stream->session = client.get();
    const std::vector<Header> headers = {{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", path}};
    client->Request(*stream, headers, std::nullopt, ends);
    return stream;
  }

  Owner server_owner;
  Owner client_owner;
  std::string server_out;
  std::string client_out;
  std::unique_ptr<H2Session> server;
  std::unique_ptr<H2Session> client;
};

TEST_F(H2SessionTest, CarriesARequestAndItsResponse) {
  Start();
  auto request = Request(/*ends=*/false, "/path");
  client->Write(*request, "request body", kRoom);
  client->End(*request, nullptr);
  EXPECT_EQ(Run(), Cause::kNone);
  Stream& at_server = *server_owner.streams.at(1);
  EXPECT_EQ(at_server.path, "/path");
  EXPECT_EQ(at_server.body, "request body");
  EXPECT_TRUE(at_server.ended);
  const std::vector<Header> headers = {{"X-Upper", "value"}};
  server->Respond(at_server, 103, headers, std::nullopt, false);
  server->Respond(at_server, 200, headers, std::nullopt, false);
  server->Write(at_server, "response body", kRoom);
  const Trailers trailers = {{"x-sum", "1"}};
  server->End(at_server, &trailers);
  Run();
  EXPECT_EQ(request->statuses, (std::vector<std::string>{"103", "200"}));
  EXPECT_EQ(request->body, "response body");
  EXPECT_EQ(request->trailing, trailers);
  EXPECT_TRUE(request->ended);
  EXPECT_TRUE(request->closed);
  EXPECT_TRUE(at_server.sent);
  EXPECT_TRUE(at_server.closed);
}

TEST_F(H2SessionTest, WhatIsNotTakenStopsTheSender) {
  Start();
  auto request = Request(true);
  request->takes = false;
  Run();
  Stream& at_server = *server_owner.streams.at(1);
  server->Respond(at_server, 200, {}, std::nullopt, false);
  const std::string piece(50'000, 'x');
  EXPECT_TRUE(server->Write(at_server, piece, kRoom));
  Run();
  EXPECT_TRUE(server->Write(at_server, piece, kRoom));   // 35 KB of them wait
  EXPECT_FALSE(server->Write(at_server, piece, kRoom));  // above the high water
  Run();
  EXPECT_EQ(request->body.size(), 65'536u);
  EXPECT_EQ(at_server.waiting(), 150'000u - 65'536u);
  EXPECT_EQ(at_server.drained, 0);
  client->Consume(request->id(), 65'536);
  request->takes = true;
  Run();
  EXPECT_EQ(at_server.drained, 1);
  EXPECT_EQ(request->body.size(), 150'000u);
}

TEST_F(H2SessionTest, OutputStopsAtItsRoom) {
  Start();
  auto request = Request(true);
  Run();
  Stream& at_server = *server_owner.streams.at(1);
  server->Respond(at_server, 200, {}, std::nullopt, false);
  server->Write(at_server, std::string(60'000, 'x'), 0);
  server->Pump(20'000);
  EXPECT_LT(server_out.size(), 20'000u + 2 * 16'393u);
  EXPECT_GT(at_server.waiting(), 20'000u);
  Run();
  EXPECT_EQ(request->body.size(), 60'000u);
}

TEST_F(H2SessionTest, AResetTellsTheOtherSide) {
  Start();
  auto request = Request(false);
  Run();
  client->Reset(*request, H2Error::kCancel);
  Run();
  EXPECT_TRUE(request->closed);
  EXPECT_TRUE(server_owner.streams.at(1)->closed);
  EXPECT_EQ(server_owner.streams.at(1)->close_error, H2Error::kCancel);
  EXPECT_EQ(server_owner.streams.at(1)->close_fault, Cause::kNone);
}

TEST_F(H2SessionTest, ARequestThatIsResetAtOnceIsClosedOnBothSides) {
  Start();
  auto request = Request(false);
  client->Reset(*request, H2Error::kCancel);
  EXPECT_FALSE(request->closed) << "not from within";
  Run();
  EXPECT_TRUE(request->closed);
  EXPECT_EQ(server_owner.streams.at(1)->close_error, H2Error::kCancel);
}

TEST_F(H2SessionTest, ARequestThatIsResetBeforeItWasSentIsClosedToo) {
  H2Settings settings;
  settings.max_concurrent_streams = 1;
  Start(settings);
  Run();
  auto first = Request(true);
  auto second = Request(false);
  client->Reset(*second, H2Error::kCancel);
  Run();
  EXPECT_TRUE(second->closed);
  EXPECT_EQ(server_owner.streams.size(), 1u) << "it never left";
}

TEST_F(H2SessionTest, RequestsBeyondThePeersLimitWaitForRoom) {
  H2Settings settings;
  settings.max_concurrent_streams = 1;
  Start(settings);
  Run();
  auto first = Request(true, "/first");
  auto second = Request(false, "/second");
  client->Write(*second, "body", kRoom);
  const Trailers trailers = {{"x-sum", "1"}};
  client->End(*second, &trailers);
  Run();
  ASSERT_EQ(server_owner.streams.size(), 1u);
  server->Respond(*server_owner.streams.at(1), 200, {}, std::nullopt, true);
  Run();
  ASSERT_EQ(server_owner.streams.size(), 2u);
  EXPECT_EQ(server_owner.streams.at(3)->path, "/second");
  EXPECT_EQ(server_owner.streams.at(3)->body, "body");
  EXPECT_EQ(server_owner.streams.at(3)->trailing, trailers);
  auto third = Request(true);
  server->Goaway();
  Run();
  EXPECT_TRUE(third->closed);
  EXPECT_EQ(third->close_error, H2Error::kRefusedStream);
}

TEST_F(H2SessionTest, RefusedStreamsSaySo) {
  Start();
  server_owner.refuses = true;
  auto request = Request(true);
  Run();
  EXPECT_TRUE(request->closed);
  EXPECT_EQ(request->close_error, H2Error::kRefusedStream);
  EXPECT_EQ(server_owner.faults, std::vector<Cause>{Cause::kStreamLimit});
}

TEST_F(H2SessionTest, ThePeersLimitOnStreamsIsKnown) {
  H2Settings settings;
  settings.max_concurrent_streams = 7;
  settings.extended_connect = true;
  Start(settings);
  EXPECT_EQ(client->peer_max_streams(), 100u);
  Run();
  EXPECT_EQ(client->peer_max_streams(), 7u);
  EXPECT_TRUE(client->peer_extended_connect());
  EXPECT_EQ(client_owner.settings, 1);
}

TEST_F(H2SessionTest, GoawayInTwoStepsServesWhatHasCome) {
  Start();
  auto first = Request(true);
  Run();
  server->AnnounceGoaway();
  Run();
  EXPECT_EQ(client_owner.goaway_last, 0x7fffffff);
  EXPECT_FALSE(client->may_request());
  EXPECT_EQ(server_owner.known, 1) << "the client has answered the PING behind it";
  server->Goaway();
  Run();
  EXPECT_EQ(client_owner.goaway_last, 1);
  EXPECT_FALSE(first->closed);
  server->Respond(*server_owner.streams.at(1), 200, {}, std::nullopt, true);
  Run();
  EXPECT_TRUE(first->ended);
  EXPECT_TRUE(server->finished());
  EXPECT_EQ(server_owner.known, 1);
}

TEST_F(H2SessionTest, WhatTheClientSentBeforeItKnewIsThereWhenItIsKnown) {
  Start();
  Run();
  server->AnnounceGoaway();
  server->Pump(kRoom);
  auto crossing = Request(true);
  client->Pump(kRoom);
  EXPECT_EQ(server_owner.known, 0);
  Run();
  EXPECT_EQ(server_owner.known, 1);
  ASSERT_EQ(server_owner.streams.size(), 1u) << "it crossed the GOAWAY";
  EXPECT_FALSE(crossing->closed);
}

TEST_F(H2SessionTest, AbuseEndsTheConnectionCalmly) {
  Start({}, {.resets = 2});
  for (int i = 0; i < 3; ++i) {
    auto request = Request(false);
    Run();
    client->Reset(*request, H2Error::kCancel);
    const Cause fault = Run();
    EXPECT_EQ(fault, i < 2 ? Cause::kNone : Cause::kResetFlood);
  }
  EXPECT_EQ(client_owner.goaway_error, H2Error::kEnhanceYourCalm);
}

// A request whose section puts a field of 4000 bytes into HPACK's table and then names it `times` times, a byte each.
std::string ExpandingRequest(std::uint8_t stream, std::size_t times) {
  std::string section("\x82\x86\x84\x01\x01"
                      "a\x40\x03x-a\x7f\xa1\x1e",
                      14);
  section += std::string(4000, 'v') + std::string(times, '\xbe');
  const char head[] = {0, static_cast<char>(section.size() >> 8U), static_cast<char>(section.size()), 1, 5, 0, 0, 0, static_cast<char>(stream)};
  return std::string(head, sizeof head) + section;
}

TEST_F(H2SessionTest, WhatHpackBlowsUpIsReadToItsEndOnlyWhenItIsModerate) {
  Start({}, {.resets = 2});
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
  ASSERT_EQ(server->Feed(std::string(kH2Preface) + settings + ExpandingRequest(1, 10), now), Cause::kNone);
  EXPECT_TRUE(server_owner.streams.at(1)->too_large) << "can be answered";
  for (const std::uint8_t stream : {3, 5, 7}) {
    ASSERT_EQ(server->Feed(ExpandingRequest(stream, 12'000), now), Cause::kNone);
    server->Pump(kRoom);
    EXPECT_TRUE(server_owner.streams.at(stream)->statuses.empty()) << "the section was read";
    EXPECT_EQ(server_owner.streams.at(stream)->close_fault, Cause::kStreamError);
    EXPECT_EQ(server->fault(), stream < 7 ? Cause::kNone : Cause::kResetFlood);
  }
}

TEST_F(H2SessionTest, BytesThatAreNotHttp2EndIt) {
  Start();
  EXPECT_EQ(server->Feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n", TimePoint()), Cause::kHttp2Error);
}

TEST_F(H2SessionTest, ADetachedStreamHearsNothing) {
  Start();
  auto request = Request(true);
  Run();
  Stream& at_server = *server_owner.streams.at(1);
  server->Respond(at_server, 200, {}, std::nullopt, false);
  server->Write(at_server, "body", kRoom);
  server->Detach(at_server);
  server_owner.streams.clear();
  Run();
  EXPECT_TRUE(request->closed);
  EXPECT_EQ(request->close_error, H2Error::kInternalError);
}

}  // namespace
}  // namespace switchyard::agent::codec
