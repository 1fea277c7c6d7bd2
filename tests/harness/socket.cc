#include "tests/harness/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace switchyard::harness {
namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

absl::Status Failure(std::string_view what) { return absl::UnavailableError(fmt::format("{}: {}", what, std::strerror(errno))); }

bool Ready(int fd, short events, const Deadline& deadline) {
  pollfd entry{fd, events, 0};
  for (;;) {
    const int n = ::poll(&entry, 1, deadline.poll_timeout());
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

absl::StatusOr<Socket> Socket::ConnectLoopback(std::uint16_t port, Duration within, int receive_buffer) {
  const Deadline deadline(within);
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Failure("socket");
  if (receive_buffer > 0) ::setsockopt(socket.fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const sockaddr_in address = Loopback(port);
  if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EINPROGRESS) return Failure(fmt::format("connect to 127.0.0.1:{}", port));
    if (!Ready(socket.fd_, POLLOUT, deadline)) return absl::DeadlineExceededError(fmt::format("connect to 127.0.0.1:{}", port));
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket.fd_, SOL_SOCKET, SO_ERROR, &error, &length);
    errno = error;
    if (error != 0) return Failure(fmt::format("connect to 127.0.0.1:{}", port));
  }
  const int on = 1;
  ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

absl::StatusOr<Socket> Socket::ListenLoopback() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Failure("socket");
  const sockaddr_in address = Loopback(0);
  if (::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Failure("bind");
  if (::listen(socket.fd_, 128) != 0) return Failure("listen");
  return socket;
}

absl::StatusOr<Socket> Socket::Accept(const Deadline& deadline) {
  if (!Ready(fd_, POLLIN, deadline)) return absl::DeadlineExceededError("accept");
  Socket socket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) return errno == EAGAIN ? absl::DeadlineExceededError("accept") : absl::CancelledError("accept");
  const int on = 1;
  ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

std::uint16_t Socket::port() const {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

absl::Status Socket::Write(std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (!Ready(fd_, POLLOUT, deadline)) return absl::DeadlineExceededError(fmt::format("{} bytes not taken by the peer", bytes.size()));
    } else if (errno != EINTR) {
      return Failure("write");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Socket::Read(const Deadline& deadline) {
  std::string buffer(65536, '\0');
  for (;;) {
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n >= 0) {
      buffer.resize(static_cast<std::size_t>(n));
      return buffer;
    }
    if (errno == EAGAIN) {
      if (!Ready(fd_, POLLIN, deadline)) return absl::DeadlineExceededError("nothing to read");
    } else if (errno != EINTR) {
      return Failure("read");
    }
  }
}

absl::Status Socket::WaitReadable(const Deadline& deadline) {
  return Ready(fd_, POLLIN, deadline) ? absl::OkStatus() : absl::DeadlineExceededError("nothing to read");
}

void Socket::ShutdownWrite() { ::shutdown(fd_, SHUT_WR); }
void Socket::ShutdownBoth() { ::shutdown(fd_, SHUT_RDWR); }

void Socket::ResetOnClose() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}


void Socket::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

ReservedPort::ReservedPort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socket_ = Socket(fd);
  const int on = 1;
  // The agent first looks for strangers with a socket that does not share its port; one that is bound but does not listen, and has
  // SO_REUSEADDR, is none.
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  const sockaddr_in address = Loopback(0);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    std::perror("bind");
    std::abort();
  }
  port_ = socket_.port();
}

}  // namespace switchyard::harness
