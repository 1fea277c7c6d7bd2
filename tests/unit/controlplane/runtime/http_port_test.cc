// Goal: the metrics port answers GET on loopback and survives whatever else connects. Method: real sockets on port 0.
#include "controlplane/runtime/http_port.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/status.h"

namespace switchyard::controlplane::runtime {
namespace {

int Dial(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = Endpoint::FromIp("127.0.0.1", port).value();
  EXPECT_EQ(::connect(fd, address.address(), address.length()), 0);
  return fd;
}

std::string Exchange(std::uint16_t port, const std::string& request) {
  const int fd = Dial(port);
  EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) answer.append(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return answer;
}

class HttpPortTest : public testing::Test {
 protected:
  HttpPortTest() {
    auto port = HttpPort::Open(Endpoint::FromIp("127.0.0.1", 0).value(), &clock_, [](std::string_view path) {
      return path == "/live" ? HttpPage{.body = "ok\n"} : HttpPage{.status = 404, .body = "?\n"};
    });
    EXPECT_TRUE(port.ok());
    port_ = *std::move(port);
  }
  SystemClock clock_;
  std::unique_ptr<HttpPort> port_;
};

TEST_F(HttpPortTest, AnswersGetWithItsPage) {
  const auto answer = Exchange(port_->port(), "GET /live?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_NE(answer.find("\r\n\r\nok\n"), std::string::npos);
}

TEST_F(HttpPortTest, TellsUnknownPathsMethodsAndNonsenseApart) {
  EXPECT_EQ(Exchange(port_->port(), "GET /x HTTP/1.1\r\n\r\n").substr(9, 3), "404");
  EXPECT_EQ(Exchange(port_->port(), "POST /live HTTP/1.1\r\n\r\n").substr(9, 3), "405");
  EXPECT_EQ(Exchange(port_->port(), "nonsense\r\n\r\n").substr(9, 3), "400");
}

TEST_F(HttpPortTest, CutsAnEndlessHeadAndServesTheNext) {
  EXPECT_EQ(Exchange(port_->port(), std::string(10'000, 'x')), "");
  EXPECT_EQ(Exchange(port_->port(), "GET /live HTTP/1.1\r\n\r\n").substr(9, 3), "200");
}

TEST_F(HttpPortTest, EndsWhileAConnectionIsOpen) {
  const int fd = Dial(port_->port());
  port_.reset();
  ::close(fd);
}

TEST_F(HttpPortTest, SaysWhyAnAddressCannotBeBound) {
  const auto taken = Endpoint::FromIp("127.0.0.1", port_->port()).value();
  const auto status = CheckBindable(taken, "--listen");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(Message(status).find("another program has it"), std::string_view::npos);
  EXPECT_NE(Message(status).find("--listen"), std::string_view::npos);
}

TEST(HttpPort, RefusesAnyAddressButLoopback) {
  SystemClock clock;
  const auto port = HttpPort::Open(Endpoint::FromIp("0.0.0.0", 0).value(), &clock, nullptr);
  EXPECT_EQ(port.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace switchyard::controlplane::runtime
