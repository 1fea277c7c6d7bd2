// FetchPinnedCa against peers that are no controller. The right and the wrong controller are in controlplane/identity/door_test.
#include "common/tls/pinned_ca.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "common/tls/sha256.h"

namespace switchyard::tls {
namespace {

// A listening socket on loopback; whoever connects waits in its backlog, unanswered.
class SilentPort {
 public:
  SilentPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { Close(); }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

const std::string kPin = Sha256("any");

TEST(FetchPinnedCa, EndsAtItsDeadline) {
  const SilentPort port;
  EXPECT_EQ(FetchPinnedCa("127.0.0.1", port.port(), kPin, std::chrono::milliseconds(50)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(FetchPinnedCa, TellsWhenNobodyListens) {
  SilentPort port;
  port.Close();
  EXPECT_EQ(FetchPinnedCa("127.0.0.1", port.port(), kPin, std::chrono::seconds(5)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(FetchPinnedCa, SurvivesAPeerThatSpeaksNoTls) {
  const SilentPort port;
  std::thread peer([&] {
    const int fd = ::accept(port.fd(), nullptr, nullptr);
    const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    (void)!::write(fd, answer.data(), answer.size());
    ::close(fd);
  });
  EXPECT_EQ(FetchPinnedCa("localhost", port.port(), kPin, std::chrono::seconds(5)).status().code(), absl::StatusCode::kUnavailable);
  peer.join();
}

TEST(FetchPinnedCa, RefusesAPinOfAnotherSize) {
  EXPECT_EQ(FetchPinnedCa("127.0.0.1", 1, "short", std::chrono::seconds(1)).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace switchyard::tls
