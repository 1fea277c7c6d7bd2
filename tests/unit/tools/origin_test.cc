// Goal: a scripted backend does what its script says. Method: pure replies for the rules, one real server on a loopback port for the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>

#include "common/base/status.h"
#include "tools/yard-origin/behaviour.h"
#include "tools/yard-origin/reply.h"
#include "tools/yard-origin/server.h"
#include "tools/yard-origin/websocket.h"

namespace switchyard::tools::origin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// What came back until the server closed.
std::string Exchange(const Server& server, std::string_view request, bool half_close = true) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  boost::system::error_code error;
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), server.listens()[0].address.port()}, error);
  boost::asio::write(socket, boost::asio::buffer(request), error);
  if (half_close) socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
  std::string out;
  boost::asio::read(socket, boost::asio::dynamic_buffer(out, 1 << 24), error);
  return out;
}

std::unique_ptr<Server> StartServer(std::string_view behaviour, unsigned threads = 1) {
  ServerOptions options;
  options.listens = {{"red", Endpoint::Parse("127.0.0.1:0").value()}};
  options.threads = threads;
  options.raw_log = true;
  options.behaviour = ParseBehaviour(behaviour).value();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  EXPECT_TRUE(server.ok()) << Message(server.status());
  return server.ok() ? *std::move(server) : nullptr;
}

TEST(Behaviour, ReadsBackWhatItWrites) {
  const char* json = R"({"latency":{"kind":"lognormal","median_ms":3,"sigma":0.5},"error_rate":0.25,"body_size":1000,"chunked":true,)"
                     R"("trailers":{"x-a":"1"},"raw":"a\u0000\u00ff"})";
  const absl::StatusOr<Behaviour> behaviour = ParseBehaviour(json);
  ASSERT_TRUE(behaviour.ok()) << Message(behaviour.status());
  EXPECT_EQ(behaviour->raw, std::string("a\0\xff", 3));
  EXPECT_EQ(ToJson(ParseBehaviour(ToJson(*behaviour)).value()), ToJson(*behaviour));
}

TEST(Behaviour, DrawsOnlyNormalLatenciesAboveZero) {
  const Latency latency = ParseBehaviour(R"({"latency":{"kind":"normal","mean_ms":10,"sd_ms":10}})").value().latency;
  Random random(7);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Duration drawn = latency.Draw(random);
    ASSERT_GT(drawn, Duration::zero());
    sum += std::chrono::duration<double, std::milli>(drawn).count() / 10'000;
  }
  // The mean of what is above zero: m + s * 0.2420 / 0.8413.
  EXPECT_NEAR(sum, 12.88, 0.3);
}

TEST(Behaviour, NamesTheFieldThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"colour":1})", "colour: unknown field"},         {R"({"error_rate":2})", "error_rate: expected a number of 0-1"},
      {R"({"status":"200"})", "status"},                    {R"({"latency":{"kind":"slow"}})", "latency.kind"},
      {R"({"latency":{"kind":"uniform","min_ms":5}})", "latency.max_ms"}, {R"({"body_size":1.5})", "whole number"},
      {R"({"latency":{"kind":"uniform","min_ms":5,"max_ms":1}})", "at least min_ms"}, {"[", "not a JSON object"}, {"", "not a JSON object"}};
  for (const auto& [json, expected] : cases) {
    const absl::StatusOr<Behaviour> behaviour = ParseBehaviour(json);
    ASSERT_FALSE(behaviour.ok()) << json;
    EXPECT_THAT(std::string(Message(behaviour.status())), HasSubstr(expected));
  }
}

TEST(Server, WithOneSlotTheSecondWaitsAndTheLoadIsTold) {
  const auto server = StartServer(R"({"latency":{"kind":"constant","ms":200},"slots":1,"load_header":true})");
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket sockets[2] = {boost::asio::ip::tcp::socket(io), boost::asio::ip::tcp::socket(io)};
  boost::system::error_code error;
  const SystemClock clock;
  const TimePoint start = clock.Now();
  for (auto& socket : sockets) {
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server->listens()[0].address.port()}, error);
    boost::asio::write(socket, boost::asio::buffer(std::string_view("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")), error);
  }
  std::string answers[2];
  for (int i = 0; i < 2; ++i) boost::asio::read(sockets[i], boost::asio::dynamic_buffer(answers[i], 1 << 20), error);
  EXPECT_GE(clock.Now() - start, std::chrono::milliseconds(400));
  // Whichever came first saw the other wait.
  const bool first = answers[0].find("in_flight=2,application_utilization=1.000\r\n") != std::string::npos;
  EXPECT_THAT(answers[first ? 0 : 1], HasSubstr("endpoint-load-metrics: TEXT named_metrics.in_flight=2,application_utilization=1.000\r\n"));
  EXPECT_THAT(answers[first ? 1 : 0], HasSubstr("endpoint-load-metrics: TEXT named_metrics.in_flight=1,application_utilization=1.000\r\n"));
}

TEST(Latency, DrawsTheDistributionsItIsNamedFor) {
  const std::uint64_t seed = 42;
  SCOPED_TRACE(seed);
  Random random(seed);
  const auto mean_ms = [&](const Latency& latency) {
    double sum = 0;
    for (int i = 0; i < 20000; ++i) sum += std::chrono::duration<double, std::milli>(latency.Draw(random)).count();
    return sum / 20000;
  };
  EXPECT_DOUBLE_EQ(mean_ms({Latency::Kind::kNone}), 0);
  EXPECT_NEAR(mean_ms({Latency::Kind::kConstant, 5}), 5, 1e-6);
  EXPECT_NEAR(mean_ms({Latency::Kind::kUniform, 2, 6}), 4, 0.05);
  EXPECT_NEAR(mean_ms({Latency::Kind::kExponential, 10}), 10, 0.4);
  EXPECT_NEAR(mean_ms({Latency::Kind::kLognormal, 10, 0.5}), 10 * 1.1331, 0.4);  // exp(sigma^2 / 2)
}

TEST(WebSocket, AcceptsTheKeyOfTheRfc) { EXPECT_EQ(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); }

TEST(WebSocket, EchoesMaskedFramesOfAnySplit) {
  const std::string frame("\x81\x85\x01\x02\x03\x04\x69\x67\x6f\x68\x6e", 11);  // "hello"
  const std::string ping("\x89\x81\x00\x00\x00\x00p", 7);
  for (std::size_t split = 0; split <= frame.size(); ++split) {
    WebSocketEcho echo;
    std::string out;
    EXPECT_TRUE(echo.Feed(frame.substr(0, split), out));
    EXPECT_TRUE(echo.Feed(frame.substr(split) + ping, out));
    EXPECT_EQ(out, "\x81\x05hello\x8a\x01p") << split;
  }
}

TEST(WebSocket, EndsOnCloseAndOnUnmaskedFrames) {
  std::string out;
  EXPECT_FALSE(WebSocketEcho().Feed(std::string("\x88\x80\x00\x00\x00\x00", 6), out));
  EXPECT_EQ(out, std::string("\x88\x00", 2));
  EXPECT_FALSE(WebSocketEcho().Feed(std::string("\x81\x05hello", 7), out));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  const auto server = StartServer("{}");
  const std::string got = Exchange(*server, "GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /echo HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc"
                                            "GET /bytes/3 HTTP/1.1\r\nconnection: close\r\n\r\n");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\nx-origin: red\r\ncontent-length: 16\r\n\r\n0123456789abcdefHTTP/1.1 200 OK"));
  EXPECT_THAT(got, HasSubstr(R"("body_bytes":3,"body_crc32":"352441c2"})"));
  EXPECT_THAT(got, EndsWith("\r\n\r\n012"));
}

TEST(Server, RefusesMalformedRequestsAndRemembersThem) {
  const auto server = StartServer("{}");
  EXPECT_THAT(Exchange(*server, "GET / HTTP/1.1\r\nhost : x\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Exchange(*server, "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  const std::string log = Exchange(*server, "GET /__origin/log HTTP/1.1\r\nconnection: close\r\n\r\n");
  EXPECT_THAT(log, HasSubstr(R"("head":"GET / HTTP/1.1\r\nhost : x\r\n\r\n","error":"header name is not a token")"));
  EXPECT_THAT(log, HasSubstr(R"("error":"bad framing")"));
  EXPECT_THAT(Exchange(*server, "GET /__origin/stats HTTP/1.1\r\nconnection: close\r\n\r\n"), HasSubstr(R"("bad_requests":2)"));
  EXPECT_THAT(Exchange(*server, "GET /__origin/raw HTTP/1.1\r\nconnection: close\r\n\r\n"), HasSubstr("host : x"));
}

TEST(Server, SwitchesItsBehaviourWhileItServes) {
  const auto server = StartServer("{}", 2);
  const std::string body = R"({"status":503,"chunked":true,"trailers":{"x-t":"1"},"early_hints":true,"latency":{"kind":"constant","ms":1}})";
  const std::string put = "PUT /__origin/behaviour HTTP/1.1\r\nconnection: close\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  EXPECT_THAT(Exchange(*server, put), StartsWith("HTTP/1.1 200 OK"));
  const std::string got = Exchange(*server, "GET / HTTP/1.1\r\nconnection: close\r\n\r\n", false);
  EXPECT_THAT(got, StartsWith("HTTP/1.1 103 Early Hints\r\n"));
  EXPECT_THAT(got, HasSubstr("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(got, EndsWith("10\r\n0123456789abcdef\r\n0\r\nx-t: 1\r\n\r\n"));
  EXPECT_THAT(Exchange(*server, "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(Server, LiesTruncatesAndResets) {
  EXPECT_THAT(Exchange(*StartServer(R"({"length_offset":10})"), "GET / HTTP/1.1\r\n\r\n"), HasSubstr("content-length: 26\r\n\r\n0123456789abcdef"));
  EXPECT_THAT(Exchange(*StartServer(R"({"truncate_rate":1})"), "GET / HTTP/1.1\r\n\r\n"), EndsWith("content-length: 16\r\n\r\n01234567"));
  EXPECT_EQ(Exchange(*StartServer(R"({"reset_rate":1})"), "GET / HTTP/1.1\r\n\r\n"), "");
  EXPECT_EQ(Exchange(*StartServer(R"({"raw":"nonsense"})"), "GET / HTTP/1.1\r\n\r\n"), "nonsense");
  EXPECT_THAT(Exchange(*StartServer(R"({"close_after":1})"), "GET / HTTP/1.1\r\n\r\n", false), EndsWith("f"));
}

TEST(Server, AsksForABodyThatIsAnnounced) {
  const std::string got = Exchange(*StartServer("{}"), "POST /echo HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST(Server, StreamsEventsAndLargeBodies) {
  const auto server = StartServer("{}");
  const std::string events = Exchange(*server, "GET /sse?interval=1&count=2 HTTP/1.1\r\n\r\nGET /status/204 HTTP/1.1\r\nconnection: close\r\n\r\n", false);
  EXPECT_THAT(events, HasSubstr("id: 1\ndata: red\n\n\r\n"));
  EXPECT_THAT(events, HasSubstr("id: 2\ndata: red\n\n\r\n0\r\n\r\nHTTP/1.1 204 "));
  const std::string bytes = Exchange(*server, "GET /bytes/1000001 HTTP/1.1\r\nconnection: close\r\n\r\n", false);
  EXPECT_EQ(bytes.size() - bytes.find("\r\n\r\n") - 4, 1000001u);
}

TEST(Server, SaysWhichAddressItCannotOpen) {
  const auto server = StartServer("{}");
  ServerOptions options;
  options.listens = {{"again", server->listens()[0].address}};
  const auto second = Server::Start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(Message(second.status())), HasSubstr(server->listens()[0].address.ToString()));
}

}  // namespace
}  // namespace switchyard::tools::origin
