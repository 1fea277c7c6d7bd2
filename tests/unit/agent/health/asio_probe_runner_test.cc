// Real sockets on loopback: a one-shot server of the test answers each probe with given bytes. The event loop runs until the answer is there.
#include "agent/health/asio_probe_runner.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>

namespace switchyard::agent::health {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Takes one connection, reads until the end of a request head, sends `answer`, and closes if told to.
class OneShotServer {
 public:
  OneShotServer(asio::io_context& context, std::string answer, bool close)
      : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), socket_(context), answer_(std::move(answer)), close_(close) {
    acceptor_.async_accept(socket_, [this](const error_code& error) {
      if (!error) Read();
    });
  }

  Endpoint endpoint() const { return *Endpoint::FromIp("127.0.0.1", acceptor_.local_endpoint().port()); }
  const std::string& request() const { return request_; }

 private:
  void Read() {
    socket_.async_read_some(asio::buffer(buffer_), [this](const error_code& error, std::size_t size) {
      if (error) return;
      request_.append(buffer_.data(), size);
      if (request_.find("\r\n\r\n") == std::string::npos) return Read();
      asio::async_write(socket_, asio::buffer(answer_), [this](const error_code&, std::size_t) {
        error_code ignored;
        if (close_) socket_.close(ignored);
      });
    });
  }

  tcp::acceptor acceptor_;
  tcp::socket socket_;
  const std::string answer_;
  const bool close_;
  std::array<char, 1024> buffer_{};
  std::string request_;
};

ProbeSpec HttpSpec() {
  ProbeSpec spec;
  spec.kind = ProbeSpec::Kind::kHttp;
  spec.path = "/healthz";
  spec.host = "web.local";
  spec.timeout = std::chrono::seconds(10);
  return spec;
}

class AsioProbeRunnerTest : public testing::Test {
 protected:
  // Runs the loop until the probe has answered.
  ProbeResult Ask(const Endpoint& backend, const ProbeSpec& spec) {
    std::optional<ProbeResult> result;
    const auto probe = runner_->Start(backend, spec, [&](ProbeResult got) { result = std::move(got); });
    while (!result.has_value() && context_.run_one() > 0) {
    }
    return result.value_or(ProbeResult{ProbeVerdict::kInconclusive, "no answer"});
  }

  asio::io_context context_;
  SystemClock clock_;
  std::unique_ptr<ProbeRunner> runner_ = MakeAsioProbeRunner(context_, clock_);
};

TEST_F(AsioProbeRunnerTest, TakesAGoodStatus) {
  OneShotServer server(context_, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
  const ProbeResult result = Ask(server.endpoint(), HttpSpec());
  EXPECT_EQ(result.verdict, ProbeVerdict::kOk);
  EXPECT_EQ(result.reason, "status 200");
  EXPECT_EQ(server.request(),
            "GET /healthz HTTP/1.1\r\nHost: web.local\r\nUser-Agent: switchyard-health\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

TEST_F(AsioProbeRunnerTest, NamesABadStatus) {
  OneShotServer server(context_, "HTTP/1.1 503 No\r\n\r\n", true);
  const ProbeResult result = Ask(server.endpoint(), HttpSpec());
  EXPECT_EQ(result.verdict, ProbeVerdict::kFailed);
  EXPECT_EQ(result.reason, "status 503");
}

TEST_F(AsioProbeRunnerTest, NamesAConnectionThatIsClosedWithoutAnAnswer) {
  OneShotServer server(context_, "", true);
  EXPECT_EQ(Ask(server.endpoint(), HttpSpec()).reason, "connection closed before a response");
}

TEST_F(AsioProbeRunnerTest, NamesAStranger) {
  OneShotServer server(context_, "220 mail ready\r\n", false);
  EXPECT_EQ(Ask(server.endpoint(), HttpSpec()).reason, "not an HTTP/1 response");
}

TEST_F(AsioProbeRunnerTest, NamesARefusedConnection) {
  tcp::acceptor taken(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const std::uint16_t port = taken.local_endpoint().port();
  taken.close();
  const ProbeResult result = Ask(*Endpoint::FromIp("127.0.0.1", port), HttpSpec());
  EXPECT_EQ(result.verdict, ProbeVerdict::kFailed);
  EXPECT_EQ(result.reason, "connect refused");
}

TEST_F(AsioProbeRunnerTest, GivesUpAfterTheTimeout) {
  OneShotServer server(context_, "HTTP/1.1 200", false);
  ProbeSpec spec = HttpSpec();
  spec.timeout = std::chrono::milliseconds(30);
  EXPECT_EQ(Ask(server.endpoint(), spec).reason, "timeout after 30ms");
}

TEST_F(AsioProbeRunnerTest, ConnectingIsAllOfATcpProbe) {
  OneShotServer server(context_, "", false);
  ProbeSpec spec;
  const ProbeResult result = Ask(server.endpoint(), spec);
  EXPECT_EQ(result.verdict, ProbeVerdict::kOk);
  EXPECT_EQ(result.reason, "connected");
}

TEST_F(AsioProbeRunnerTest, SaysNothingAfterItWasCancelled) {
  OneShotServer server(context_, "HTTP/1.1 200 OK\r\n\r\n", false);
  bool answered = false;
  auto probe = runner_->Start(server.endpoint(), HttpSpec(), [&](const ProbeResult&) { answered = true; });
  probe.reset();
  context_.poll();
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace switchyard::agent::health
