// Goal: what a client can make the server's side of a session hold or work through is bounded, and what is merely late is borne.
// Method: the session hears frames made by hand; its answers are read from its output.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

constexpr std::size_t kRoom = 1U << 20U;

std::string Frame(H2Frame type, int flags, StreamId stream, std::string_view payload) {
  std::string out(kH2HeaderBytes, '\0');
  WriteFrameHeader(out.data(), {static_cast<std::uint32_t>(payload.size()), type, static_cast<std::uint8_t>(flags), stream});
  return out.append(payload);
}

// :method POST, :scheme http, :path /, from the static table.
std::string Request(StreamId stream, bool ends, std::string_view more = {}) {
  return Frame(H2Frame::kHeaders, kH2EndHeaders | (ends ? kH2EndStream : 0), stream, std::string("\x83\x86\x84") + "\x41\x01" + "a" + std::string(more));
}

std::string TrailersOf(StreamId stream) {
  return Frame(H2Frame::kHeaders, kH2EndHeaders | kH2EndStream, stream, std::string("\0\x01", 2) + "t" + "\x01" + "1");
}

class Stream final : public H2Stream {
 public:
  ~Stream() override = default;
  void OnFields(H2Fields&, bool trailers, bool) override { trailing = trailing || trailers; }
  void OnData(std::string_view) override {}
  void OnEnd() override {}
  void OnDrained() override {}
  void OnSent() override {}
  void OnClosed(H2Error, Cause) override { closed = true; }
  bool trailing = false;
  bool closed = false;
};

class Server final : public H2Session::Owner {
 public:
  explicit Server(const H2Settings& settings = {}) : session(H2Session::Side::kServer, *this, settings, H2Limits(), out) {
    EXPECT_EQ(Hear(std::string(kH2Preface) + Frame(H2Frame::kSettings, 0, 0, {})), Cause::kNone);
  }
  Cause Hear(const std::string& bytes) { return session.Feed(bytes, TimePoint() + std::chrono::hours(1)); }
  H2Stream* OnNewStream(StreamId id) override {
    streams[id] = std::make_unique<Stream>();
    return streams[id].get();
  }
  void OnGoaway(StreamId, H2Error) override {}
  void OnSettings() override {}
  void OnFault(Cause) override {}

  std::string out;
  std::map<StreamId, std::unique_ptr<Stream>> streams;
  H2Session session;
};

TEST(H2Abuse, WhoAsksAndDoesNotReadIsEndedBeforeTheAnswersArePiledUp) {
  Server server;
  const std::string ping = Frame(H2Frame::kPing, 0, 0, "12345678");
  // Each answered request explains some pings.
  StreamId next = 1;
  for (int i = 0; i < 2'000; ++i, next += 2) {
    ASSERT_EQ(server.Hear(Request(next, true)), Cause::kNone);
    server.session.Respond(*server.streams[next], 200, {}, std::nullopt, false);
    server.session.Write(*server.streams[next], "ok", kRoom);
    server.session.End(*server.streams[next], nullptr);
    server.session.Pump(kRoom);
    server.out.clear();
  }
  Cause fault = Cause::kNone;
  int asked = 0;
  for (; asked < 100'000 && fault == Cause::kNone; ++asked) fault = server.Hear(ping);
  EXPECT_EQ(fault, Cause::kControlFlood);
  EXPECT_LE(asked, 2'001);
  EXPECT_LT(server.out.size(), 64U * 1024);
}

TEST(H2Abuse, PingsAreNotAnsweredBehindAPileOfOutput) {
  Server server;
  server.out.assign(300'000, 'x');
  EXPECT_EQ(server.Hear(Frame(H2Frame::kPing, 0, 0, "12345678")), Cause::kControlFlood);
}

// One name as large as the table, then a byte or two for each time that it is taken up again.
std::string Bomb(std::size_t times) {
  const std::string name(4'000, 'n');
  // 6.2.1: literal with indexing, new name; its length as an integer with a prefix of 7 bits: 127 + 3873.
  std::string section = std::string("\x40\x7f\xa1\x1e") + name + std::string("\0", 1);
  for (std::size_t i = 0; i < times; ++i) section += std::string("\x7e\0", 2);
  return section;
}

TEST(H2Abuse, ASectionThatRepeatsAWholeTableEndsTheConnectionSoon) {
  Server server;
  const std::string request = Request(1, true, Bomb(100));
  EXPECT_EQ(server.Hear(request), Cause::kNone) << "too much for a request";
  EXPECT_EQ(server.Hear(Request(3, true, Bomb(3'000))), Cause::kHttp2Error) << "too much for a connection";
}

TEST(H2Abuse, SectionsOfNoStreamAreCounted) {
  Server server;
  server.session.Goaway();
  Cause fault = Cause::kNone;
  int heard = 0;
  for (StreamId id = 1; heard < 10'000 && fault == Cause::kNone; id += 2, ++heard) fault = server.Hear(Request(id, true));
  EXPECT_EQ(fault, Cause::kControlFlood);
  EXPECT_GE(heard, 1'000);
}

TEST(H2Abuse, TrailersOfWhatCameBehindTheLastWordAreBorne) {
  Server server;
  ASSERT_EQ(server.Hear(Request(1, false)), Cause::kNone);
  server.session.Goaway();
  EXPECT_EQ(server.Hear(Request(3, false)), Cause::kNone);
  EXPECT_EQ(server.Hear(Frame(H2Frame::kData, 0, 3, "abc")), Cause::kNone);
  EXPECT_EQ(server.Hear(TrailersOf(3)), Cause::kNone);
  EXPECT_EQ(server.Hear(TrailersOf(1)), Cause::kNone);
  EXPECT_TRUE(server.streams[1]->trailing);
}

TEST(H2Abuse, TrailersOfAsManyResetStreamsAsThereMayBeAreBorne) {
  Server server;
  for (StreamId id = 1; id < 200; id += 2) ASSERT_EQ(server.Hear(Request(id, false)), Cause::kNone);
  for (StreamId id = 1; id < 200; id += 2) server.session.Reset(*server.streams[id], H2Error::kNoError);
  server.session.Pump(kRoom);
  for (StreamId id = 1; id < 200; id += 2) ASSERT_EQ(server.Hear(TrailersOf(id)), Cause::kNone) << id;
}

class Nobody final : public H2Session::Owner {
 public:
  H2Stream* OnNewStream(StreamId) override { return nullptr; }
  void OnGoaway(StreamId, H2Error) override {}
  void OnSettings() override {}
  void OnFault(Cause) override {}
};

TEST(H2Abuse, ARequestThatHadToWaitKeepsItsSecrets) {
  Nobody owner;
  std::string out;
  H2Session client(H2Session::Side::kClient, owner, {}, {}, out);
  const std::string one_stream = std::string("\0\x03\0\0\0\x01", 6);
  ASSERT_EQ(client.Feed(Frame(H2Frame::kSettings, 0, 0, one_stream), TimePoint() + std::chrono::hours(1)), Cause::kNone);
  Header secret{"x-api-key", "secret"};
  secret.never_indexed = true;
  const std::vector<Header> headers = {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}, secret};
  Stream first;
  Stream second;
  client.Request(first, headers, std::nullopt, true);
  client.Pump(kRoom);
  out.clear();
  client.Request(second, headers, std::nullopt, true);
  client.Pump(kRoom);
  EXPECT_TRUE(out.empty()) << "it waits";
  ASSERT_EQ(client.Feed(Frame(H2Frame::kResetStream, 0, 1, std::string("\0\0\0\x07", 4)), TimePoint() + std::chrono::hours(1)), Cause::kNone);
  client.Pump(kRoom);
  ASSERT_FALSE(out.empty());
  HpackDecoder decoder(kHpackTableBytes);
  decoder.Begin(std::string_view(out).substr(kH2HeaderBytes));
  HpackField field;
  bool seen = false;
  while (decoder.Next(field) == HpackDecoder::Step::kField) {
    if (field.name != "x-api-key") continue;
    seen = true;
    EXPECT_TRUE((field.note.bits & FieldNote::kNeverIndexed) != 0);
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace switchyard::agent::codec
