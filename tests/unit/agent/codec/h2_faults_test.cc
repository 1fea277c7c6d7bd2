// Goal: what a backend may not send is an error of the right kind. (What a client may not is a table of its own: tests/integration/data/h2_cases.txt.)
// Method: a client's session with some requests under way hears frames made by hand; its answer is read from its output.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

using Error = H2Error;

std::string Frame(int type, int flags, StreamId stream, std::string_view payload) {
  std::string out(kH2HeaderBytes, '\0');
  WriteFrameHeader(out.data(), {static_cast<std::uint32_t>(payload.size()), static_cast<H2Frame>(type), static_cast<std::uint8_t>(flags), stream});
  return out.append(payload);
}

// Short names and values only.
std::string Section(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += '\0';
    out.append(1, static_cast<char>(name.size())).append(name);
    out.append(1, static_cast<char>(value.size())).append(value);
  }
  return out;
}

std::string Headers(StreamId stream, const std::vector<std::pair<std::string, std::string>>& fields, bool ends) {
  return Frame(1, kH2EndHeaders | (ends ? kH2EndStream : 0), stream, Section(fields));
}

std::string Data(StreamId stream, std::string_view data, bool ends) { return Frame(0, ends ? kH2EndStream : 0, stream, data); }

class Stream final : public H2Stream {
 public:
  ~Stream() override = default;
  void OnFields(H2Fields& fields, bool trailers, bool ends) override {
    heads += trailers ? "t" : std::string(fields.pseudo(H2Fields::kStatus)) + " ";
    ended = ended || ends;
  }
  void OnData(std::string_view data) override { body += data; }
  void OnEnd() override { ended = true; }
  void OnDrained() override {}
  void OnSent() override {}
  void OnClosed(H2Error error, Cause fault) override {
    closed = true;
    close_error = error;
    close_fault = fault;
  }
  std::string heads;
  std::string body;
  bool ended = false;
  bool closed = false;
  H2Error close_error = H2Error::kNoError;
  Cause close_fault = Cause::kNone;
};

constexpr StreamId kGet = 1;
constexpr StreamId kHead = 3;
constexpr StreamId kConnect = 5;

class Client final : public H2Session::Owner {
 public:
  explicit Client(const H2Settings& settings = {}) : session(H2Session::Side::kClient, *this, settings, H2Limits(), out) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const char* const methods[] = {"GET", "HEAD", "CONNECT"};
      const std::vector<Header> headers = {{":method", methods[i]}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
      session.Request(streams[i], headers, std::nullopt, i < 2);
    }
    session.Pump(1U << 20U);
    out.clear();
    EXPECT_EQ(Hear(Frame(4, 0, 0, {})), Cause::kNone);
    out.clear();
  }
  Cause Hear(std::string_view bytes) {
    const Cause cause = session.Feed(bytes, TimePoint() + std::chrono::hours(1));
    session.Pump(1U << 20U);
    return cause;
  }
  // Of the first frame of this kind that we sent; -1: there is none.
  int ErrorIn(H2Frame type) const {
    for (std::size_t at = 0; at < out.size();) {
      const H2FrameHeader header = ReadFrameHeader(out.data() + at);
      at += kH2HeaderBytes;
      if (header.type == type) return static_cast<int>(ReadBig32(out.data() + at + (type == H2Frame::kGoaway ? 4 : 0)));
      at += header.length;
    }
    return -1;
  }
  Stream& of(StreamId id) { return streams[static_cast<std::size_t>(id / 2)]; }

  H2Stream* OnNewStream(StreamId) override { return nullptr; }
  void OnGoaway(StreamId, H2Error) override {}
  void OnSettings() override {}
  void OnFault(Cause) override {}

  std::string out;
  std::array<Stream, 3> streams;
  H2Session session;
};

TEST(H2Faults, ConnectionErrorsOfABackend) {
  const struct {
    const char* what;
    std::string bytes;
    H2Error error;
  } rows[] = {{"a pushed stream", Frame(5, 4, 1, std::string("\0\0\0\2\x88", 5)), Error::kProtocolError},
              {"a response on an even stream", Headers(2, {{":status", "200"}}, true), Error::kProtocolError},
              {"a response to no request", Headers(7, {{":status", "200"}}, true), Error::kProtocolError},
              {"data on an idle stream", Data(7, "x", false), Error::kProtocolError},
              {"a window for an idle stream", Frame(8, 0, 7, std::string("\0\0\0\1", 4)), Error::kProtocolError},
              {"a reset of an idle stream", Frame(3, 0, 7, std::string("\0\0\0\1", 4)), Error::kProtocolError},
              {"data behind the end", Headers(1, {{":status", "200"}}, false) + Headers(1, {}, true) + Data(1, "x", true), Error::kNoError},
              {"push enabled", Frame(4, 0, 0, std::string("\0\2\0\0\0\1", 6)), Error::kProtocolError},
              {"extended connect taken back", Frame(4, 0, 0, std::string("\0\x08\0\0\0\1\0\x08\0\0\0\0", 12)), Error::kProtocolError},
              {"an acknowledgement too many", Frame(4, 1, 0, {}) + Frame(4, 1, 0, {}), Error::kProtocolError},
              {"a higher goodbye",
               Frame(7, 0, 0, std::string("\0\0\0\1\0\0\0\0", 8)) + Frame(7, 0, 0, std::string("\0\0\0\3\0\0\0\0", 8)), Error::kProtocolError},
              {"a short goodbye", Frame(7, 0, 0, "1234"), Error::kFrameSizeError},
              {"what is not HPACK", Frame(1, 5, 1, "\x80"), Error::kCompressionError},
              {"a stream that depends on itself", Frame(2, 0, 1, std::string("\0\0\0\1\x10", 5)), Error::kProtocolError},
              {"a windows' sum above 2^31-1",
               Frame(4, 0, 0, std::string("\0\4\x7f\xff\xff\xff", 6)) + Frame(8, 0, 5, std::string("\0\0\0\1", 4)), Error::kNoError},
              {"settings that make a window overflow", Frame(8, 0, 5, std::string("\x7f\xff\0\0", 4)) + Frame(4, 0, 0, std::string("\0\4\x7f\xff\xff\xff", 6)),
               Error::kFlowControlError}};
  for (const auto& row : rows) {
    Client client;
    const Cause cause = client.Hear(row.bytes);
    if (row.error == Error::kNoError) {
      EXPECT_EQ(cause, Cause::kNone) << row.what;
      continue;
    }
    EXPECT_EQ(cause, Cause::kHttp2Error) << row.what;
    EXPECT_EQ(client.ErrorIn(H2Frame::kGoaway), static_cast<int>(row.error)) << row.what;
    EXPECT_TRUE(client.session.finished()) << row.what;
  }
}

TEST(H2Faults, WindowsAreKept) {
  Client client({.stream_window = 65'535, .connection_window = 65'535});
  const std::string piece(10'000, 'x');
  EXPECT_EQ(client.Hear(Headers(1, {{":status", "200"}}, false) + Headers(5, {{":status", "200"}}, false)), Cause::kNone);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client.Hear(Data(i % 2 == 0 ? 1 : 5, piece, false)), Cause::kNone);
  EXPECT_EQ(client.Hear(Data(1, piece, false)), Cause::kHttp2Error);
  EXPECT_EQ(client.ErrorIn(H2Frame::kGoaway), static_cast<int>(Error::kFlowControlError));

  Client other({.stream_window = 65'535, .connection_window = 200'000});
  EXPECT_EQ(other.Hear(Headers(1, {{":status", "200"}}, false)), Cause::kNone);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(other.Hear(Data(1, piece, false)), Cause::kNone);
  EXPECT_EQ(other.ErrorIn(H2Frame::kResetStream), static_cast<int>(Error::kFlowControlError));
  EXPECT_EQ(other.of(1).body.size(), 60'000U);
}

TEST(H2Faults, MalformedResponsesAreErrorsOfTheirStream) {
  const struct {
    const char* what;
    std::string bytes;
    StreamId id;
    H2Error error = Error::kProtocolError;
  } rows[] = {{"no status", Headers(1, {{"x-a", "b"}}, true), kGet},
              {"two", Headers(1, {{":status", "200"}, {":status", "200"}}, true), kGet},
              {"101", Headers(1, {{":status", "101"}}, false), kGet},
              {"four digits", Headers(1, {{":status", "2000"}}, true), kGet},
              {"no digits", Headers(1, {{":status", "abc"}}, true), kGet},
              {"a field of requests", Headers(1, {{":status", "200"}, {":path", "/"}}, true), kGet},
              {"a status behind a field", Headers(1, {{"x-a", "b"}, {":status", "200"}}, true), kGet},
              {"capitals", Headers(1, {{":status", "200"}, {"X-A", "b"}}, true), kGet},
              {"connection", Headers(1, {{":status", "200"}, {"connection", "close"}}, true), kGet},
              {"a line feed", Headers(1, {{":status", "200"}, {"x-a", "b\nc"}}, true), kGet},
              {"white space around", Headers(1, {{":status", "200"}, {"x-a", "b "}}, true), kGet},
              {"1xx that ends", Headers(1, {{":status", "103"}}, true), kGet},
              {"1xx with a length", Headers(1, {{":status", "103"}, {"content-length", "0"}}, false), kGet},
              {"a body before the head", Data(1, "x", false), kGet},
              {"a body behind 1xx", Headers(1, {{":status", "103"}}, false) + Data(1, "x", false), kGet},
              {"an end without a head", Data(1, "", true), kGet},
              {"two lengths", Headers(1, {{":status", "200"}, {"content-length", "1"}, {"content-length", "1"}}, false), kGet},
              {"a list of lengths", Headers(1, {{":status", "200"}, {"content-length", "1, 1"}}, false), kGet},
              {"too much", Headers(1, {{":status", "200"}, {"content-length", "1"}}, false) + Data(1, "xy", false), kGet},
              {"too little", Headers(1, {{":status", "200"}, {"content-length", "3"}}, false) + Data(1, "xy", true), kGet},
              {"too little before trailers", Headers(1, {{":status", "200"}, {"content-length", "3"}}, false) + Headers(1, {{"x-a", "b"}}, true), kGet},
              {"nothing of a length", Headers(1, {{":status", "200"}, {"content-length", "3"}}, true), kGet},
              {"204 with a length", Headers(1, {{":status", "204"}, {"content-length", "3"}}, true), kGet},
              {"204 with a body", Headers(1, {{":status", "204"}}, false) + Data(1, "x", true), kGet},
              {"304 with a body", Headers(1, {{":status", "304"}}, false) + Data(1, "x", true), kGet},
              {"a body for HEAD", Headers(3, {{":status", "200"}}, false) + Data(3, "x", true), kHead},
              {"trailers that do not end it", Headers(1, {{":status", "200"}}, false) + Headers(1, {{"x-a", "b"}}, false), kGet},
              {"a pseudo-header field in trailers", Headers(1, {{":status", "200"}}, false) + Headers(1, {{":status", "200"}}, true), kGet},
              {"a window that overflows", Frame(8, 0, 5, std::string("\x7f\xff\xff\xff", 4)), kConnect, Error::kFlowControlError}};
  for (const auto& row : rows) {
    Client client;
    EXPECT_EQ(client.Hear(row.bytes), Cause::kNone) << row.what;
    EXPECT_EQ(client.ErrorIn(H2Frame::kResetStream), static_cast<int>(row.error)) << row.what;
    EXPECT_TRUE(client.of(row.id).closed) << row.what;
    EXPECT_EQ(client.of(row.id).close_fault, Cause::kStreamError) << row.what;
    EXPECT_EQ(client.ErrorIn(H2Frame::kGoaway), -1) << row.what;
  }
}

TEST(H2Faults, WhatABackendMaySay) {
  Client client;
  const std::string length = "content-length";
  EXPECT_EQ(client.Hear(Headers(kGet, {{":status", "103"}}, false) + Headers(kGet, {{":status", "200"}, {length, "2"}}, false)), Cause::kNone);
  EXPECT_EQ(client.Hear(Data(kGet, "x", false)), Cause::kNone);
  EXPECT_EQ(client.Hear(Data(kGet, "y", false) + Headers(kGet, {{"x-sum", "1"}}, true)), Cause::kNone);
  EXPECT_EQ(client.of(kGet).heads, "103 200 t");
  EXPECT_EQ(client.of(kGet).body, "xy");
  EXPECT_TRUE(client.of(kGet).closed);
  EXPECT_EQ(client.Hear(Headers(kHead, {{":status", "200"}, {length, "99"}}, true)), Cause::kNone);
  EXPECT_TRUE(client.of(kHead).closed);
  EXPECT_EQ(client.Hear(Headers(kConnect, {{":status", "200"}, {length, "3"}}, false) + Data(kConnect, "tunnel", false)), Cause::kNone);
  EXPECT_EQ(client.of(kConnect).body, "tunnel");
  EXPECT_FALSE(client.of(kConnect).closed);
  EXPECT_EQ(client.Hear(Data(kGet, "late", true) + Frame(8, 0, kGet, std::string("\0\0\0\1", 4))), Cause::kNone) << "on a closed stream";
  EXPECT_EQ(client.Hear(Frame(3, 0, kConnect, std::string("\0\0\0\x08", 4))), Cause::kNone);
  EXPECT_EQ(client.of(kConnect).close_error, Error::kCancel);
  EXPECT_EQ(client.of(kConnect).close_fault, Cause::kNone);
  EXPECT_EQ(client.ErrorIn(H2Frame::kGoaway), -1);
}

TEST(H2Faults, AGoodbyeRefusesWhatIsAboveIt) {
  Client client;
  EXPECT_EQ(client.Hear(Frame(7, 0, 0, std::string("\0\0\0\3\0\0\0\0", 8))), Cause::kNone);
  EXPECT_FALSE(client.of(kGet).closed);
  EXPECT_TRUE(client.of(kConnect).closed);
  EXPECT_EQ(client.of(kConnect).close_error, Error::kRefusedStream);
  EXPECT_FALSE(client.session.may_request());
  EXPECT_FALSE(client.session.finished());
  client.Hear(Headers(kGet, {{":status", "200"}}, true) + Headers(kHead, {{":status", "200"}}, true));
  EXPECT_TRUE(client.session.finished());
}

}  // namespace
}  // namespace switchyard::agent::codec
