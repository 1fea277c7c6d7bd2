// The server over real loopback sockets: the test writes raw bytes and turns the event loop until the connection is closed.
#include "agent/admin/admin_server.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/observe/metric_names.h"
#include "tests/unit/agent/admin/fake_view.h"

namespace switchyard::agent::admin {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Sends bytes and keeps what comes back until the end.
class Client {
 public:
  Client(asio::io_context& context, std::uint16_t port, std::string bytes) : socket_(context), bytes_(std::move(bytes)) {
    socket_.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), [this](const error_code& error) {
      if (error) {
        ended_ = true;
        return;
      }
      asio::async_write(socket_, asio::buffer(bytes_), [](const error_code&, std::size_t) {});
      Read();
    });
  }
  bool ended() const { return ended_; }
  const std::string& answer() const { return answer_; }

 private:
  void Read() {
    socket_.async_read_some(asio::buffer(buffer_), [this](const error_code& error, std::size_t size) {
      answer_.append(buffer_.data(), size);
      if (error) {
        ended_ = true;
      } else {
        Read();
      }
    });
  }

  tcp::socket socket_;
  const std::string bytes_;
  std::array<char, 4096> buffer_{};
  std::string answer_;
  bool ended_ = false;
};

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    auto server = AdminServer::Open(context_, {"127.0.0.1:0", false}, view_, metrics_);
    EXPECT_TRUE(server.ok()) << Message(server.status());
    server_ = *std::move(server);
  }

  std::string Ask(std::string bytes) {
    Client client(context_, server_->port(), std::move(bytes));
    while (!client.ended() && context_.run_one() > 0) {
    }
    return client.answer();
  }

  asio::io_context context_;
  FakeView view_;
  observe::Metrics metrics_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersAndCloses) {
  const std::string answer = Ask("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.rfind("HTTP/1.1 200 OK\r\n", 0), 0U) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\n\r\nlive\n"), std::string::npos);
  EXPECT_EQ(metrics_.Value(observe::kAdminRequests, {"/live", "200"}), 1);
}

TEST_F(AdminServerTest, SendsNoBodyForHead) {
  const std::string answer = Ask("HEAD /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
}

TEST_F(AdminServerTest, RefusesAHeadThatIsTooLarge) {
  const std::string answer = Ask("GET /live HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(answer.rfind("HTTP/1.1 431 ", 0), 0U) << answer;
}

TEST_F(AdminServerTest, RefusesABody) {
  const std::string answer = Ask("POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789");
  EXPECT_EQ(answer.rfind("HTTP/1.1 413 ", 0), 0U) << answer;
}

TEST_F(AdminServerTest, RefusesWhatIsNotHttp) {
  EXPECT_EQ(Ask(std::string("\x16\x03\x01 hello\r\n\r\n")).rfind("HTTP/1.1 400 ", 0), 0U);
}

TEST_F(AdminServerTest, ServesMoreClientsThanItHasPlaces) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 80; ++i) {
    clients.push_back(std::make_unique<Client>(context_, server_->port(), "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  const auto open = [&] {
    for (const auto& client : clients) {
      if (!client->ended()) return true;
    }
    return false;
  };
  while (open() && context_.run_one() > 0) {
  }
  for (const auto& client : clients) EXPECT_EQ(client->answer().rfind("HTTP/1.1 200", 0), 0U);
}

TEST_F(AdminServerTest, CutsConnectionsWhenItEnds) {
  Client client(context_, server_->port(), "GET /li");
  while (context_.poll_one() > 0) {
  }
  server_.reset();
  while (!client.ended() && context_.run_one() > 0) {
  }
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.answer(), "");
}

TEST_F(AdminServerTest, NamesAPortThatIsTaken) {
  const std::string address = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = AdminServer::Open(context_, {address, false}, view_, metrics_);
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_NE(Message(second.status()).find(address), std::string_view::npos);
}

TEST_F(AdminServerTest, StaysOnLoopbackUnlessTold) {
  EXPECT_TRUE(absl::IsInvalidArgument(AdminServer::Open(context_, {"0.0.0.0:0", false}, view_, metrics_).status()));
  EXPECT_TRUE(AdminServer::Open(context_, {"0.0.0.0:0", true}, view_, metrics_).ok());
  EXPECT_FALSE(AdminServer::Open(context_, {"localhost:7401", false}, view_, metrics_).ok());
}

}  // namespace
}  // namespace switchyard::agent::admin
