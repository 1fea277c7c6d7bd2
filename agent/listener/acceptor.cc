#include "agent/listener/acceptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace switchyard::agent::listener {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr Duration kPause = std::chrono::milliseconds(50);
constexpr int kBacklog = 4096;

absl::Status Failed(const Endpoint& endpoint, std::string_view what) {
  const int error = errno;
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        fmt::format("{} is in use by another socket on this host; stop that process or choose another port", endpoint.ToString()));
  }
  if (error == EACCES) {
    return absl::PermissionDeniedError(
        fmt::format("may not listen on {}; ports below 1024 need CAP_NET_BIND_SERVICE, or choose a higher port", endpoint.ToString()));
  }
  if (error == EADDRNOTAVAIL) {
    return absl::FailedPreconditionError(fmt::format("{} is not an address of this host", endpoint.ip()));
  }
  return absl::UnavailableError(fmt::format("cannot {} {}: {}", what, endpoint.ToString(), std::strerror(error)));
}

int OpenBound(const Endpoint& endpoint, bool share) {
  const int fd = socket(endpoint.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (endpoint.is_v6()) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, endpoint.address(), endpoint.length()) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

absl::StatusOr<std::vector<int>> OpenListeningSockets(const Endpoint& endpoint, unsigned count, bool ours) {
  // A socket that does not share finds out whether anyone is there; sharing ones would silently split the traffic with a stranger.
  if (!ours) {
    const int probe = OpenBound(endpoint, /*share=*/false);
    if (probe < 0) return Failed(endpoint, "bind");
    close(probe);
  }
  std::vector<int> sockets;
  for (unsigned i = 0; i < count; ++i) {
    const int fd = OpenBound(endpoint, /*share=*/true);
    if (fd >= 0) sockets.push_back(fd);
    if (fd < 0 || listen(fd, kBacklog) != 0) {
      const absl::Status status = Failed(endpoint, fd < 0 ? "bind" : "listen on");
      for (const int each : sockets) close(each);
      return status;
    }
  }
  return sockets;
}

Acceptor::Acceptor(loop::EventLoop& loop, int fd, loop::Ref<ListenerState> listener)
    : loop_(loop), listener_(std::move(listener)), fd_(fd), pause_(loop.timers(), *this) {}

void Acceptor::Start() {
  // Refused for want of memory: the timer tries again.
  if (loop_.Watch(fd_, *this)) return;
  paused_ = true;
  pause_.Set(loop_.Now() + kPause);
}

void Acceptor::OnEvents(std::uint32_t) { AcceptSome(); }

// The edge comes once: what is left after a turn's share is taken in the next.
void Acceptor::AcceptSome() {
  if (fd_ < 0 || paused_) return;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!AcceptOne()) return;
  }
  loop_.Soon<&Acceptor::AcceptSome>(*this);
}

bool Acceptor::AcceptOne() {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    // A connection that was gone before we took it is no reason to stop.
    if (errno == ECONNABORTED || errno == EINTR) return true;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      paused_ = true;
      pause_.Set(loop_.Now() + kPause);
    }
    return false;
  }
  Take(fd, Endpoint::FromSockaddr(address));
  return true;
}

void Acceptor::Take(int fd, const Endpoint& peer) {
  const bool room = listener_->HasRoom();
  if (!room && listener_->refusals_full()) {
    close(fd);
    return;
  }
  listener_->Accepted(fd, peer, /*refuse=*/!room);
}

void Acceptor::OnTimer(loop::Timer&) {
  paused_ = false;
  if (!watched()) return Start();
  AcceptSome();
}

void Acceptor::Close() {
  if (fd_ < 0) return;
  for (int i = 0; i < kBacklog && AcceptOne(); ++i) {
  }
  CloseSocket();
}

void Acceptor::CloseSocket() {
  if (fd_ < 0) return;
  pause_.Cancel();
  // Not left to close(2): another process may hold the same socket, and then its events would go on coming here.
  loop_.Unwatch(fd_, *this);
  close(std::exchange(fd_, -1));
}

int Acceptor::Copy() const { return fd_ < 0 ? -1 : fcntl(fd_, F_DUPFD_CLOEXEC, 0); }

}  // namespace switchyard::agent::listener
