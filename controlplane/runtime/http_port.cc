#include "controlplane/runtime/http_port.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace switchyard::controlplane::runtime {
namespace {

constexpr std::size_t kMaxHead = 8192;
constexpr int kBacklog = 16;
constexpr Duration kPerConnection = std::chrono::seconds(2);

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// The text of an errno value, safe from any thread.
std::string ErrnoText(int error) {
  std::array<char, 128> buffer{};
  return strerror_r(error, buffer.data(), buffer.size());
}

absl::Status BindError(const Endpoint& address, std::string_view flag, int error) {
  const char* remedy = error == EADDRINUSE      ? "another program has it; stop that one or choose another address"
                       : error == EADDRNOTAVAIL ? "this host has no such address; choose one that it has"
                       : error == EACCES        ? "this user may not; choose a port above 1023"
                                                : "choose another address";
  return absl::UnavailableError(fmt::format("cannot listen on {}: {}: {} with {}", address.ToString(), ErrnoText(error), remedy, flag));
}

absl::StatusOr<Fd> Listen(const Endpoint& address, std::string_view flag) {
  Fd fd(::socket(address.address()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return BindError(address, flag, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address.address(), address.length()) != 0) return BindError(address, flag, errno);
  if (::listen(fd.get(), kBacklog) != 0) return BindError(address, flag, errno);
  return fd;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Bad Request";
  }
}

std::string Render(const HttpPage& page) {
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", page.status,
                     ReasonOf(page.status), page.content_type, page.body.size(), page.body);
}

class HttpPortImpl final : public HttpPort {
 public:
  HttpPortImpl(Fd listener, Fd stop, std::uint16_t port, const Clock* clock, Pages pages)
      : listener_(std::move(listener)), stop_(std::move(stop)), port_(port), clock_(clock), pages_(std::move(pages)), thread_([this] { Run(); }) {}

  ~HttpPortImpl() override {
    const std::uint64_t one = 1;
    // An eventfd takes 2^64-2 such writes before it could block.
    [[maybe_unused]] const auto written = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }

  std::uint16_t port() const override { return port_; }

 private:
  // False: stopping, or the time is over.
  bool WaitFor(int fd, short events, TimePoint until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_->Now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> fds{{{fd, events, 0}, {stop_.get(), POLLIN, 0}}};
    return ::poll(fds.data(), fds.size(), static_cast<int>(left)) > 0 && fds[1].revents == 0;
  }

  void Run() {
    while (true) {
      std::array<pollfd, 2> fds{{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
      if (fds[1].revents != 0) return;
      const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (connection.get() >= 0) Serve(connection.get());
    }
  }

  void Serve(int fd) {
    const TimePoint until = clock_->Now() + kPerConnection;
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      if (head.size() > kMaxHead || !WaitFor(fd, POLLIN, until)) return;
      std::array<char, 2048> buffer;
      const auto got = ::read(fd, buffer.data(), buffer.size());
      if (got <= 0) return;
      head.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::string answer = Render(Answer(head));
    for (std::size_t sent = 0; sent < answer.size();) {
      if (!WaitFor(fd, POLLOUT, until)) return;
      const auto wrote = ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (wrote < 0) return;
      sent += static_cast<std::size_t>(wrote);
    }
  }

  HttpPage Answer(std::string_view head) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || line.substr(last + 1).substr(0, 7) != "HTTP/1.") return {.status = 400, .body = "bad request\n"};
    if (line.substr(0, first) != "GET") return {.status = 405, .body = "GET only\n"};
    const std::string_view target = line.substr(first + 1, last - first - 1);
    return pages_(target.substr(0, target.find('?')));
  }

  Fd listener_;
  Fd stop_;
  const std::uint16_t port_;
  const Clock* clock_;
  Pages pages_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpPort>> HttpPort::Open(const Endpoint& address, const Clock* clock, Pages pages, bool allow_remote) {
  constexpr std::string_view kFlag = "--metrics-listen";
  if (!address.is_loopback() && !allow_remote) {
    return absl::InvalidArgumentError(fmt::format("{} is not a loopback address; {} serves without authentication and stays on this host",
                                                  address.ToString(), kFlag));
  }
  auto listener = Listen(address, kFlag);
  if (!listener.ok()) return listener.status();
  Fd stop(::eventfd(0, EFD_CLOEXEC));
  if (stop.get() < 0) return absl::UnavailableError(fmt::format("eventfd: {}", ErrnoText(errno)));
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  ::getsockname(listener->get(), reinterpret_cast<sockaddr*>(&bound), &length);
  const std::uint16_t port = Endpoint::FromSockaddr(bound).port();
  return std::make_unique<HttpPortImpl>(*std::move(listener), std::move(stop), port, clock, std::move(pages));
}

absl::Status CheckBindable(const Endpoint& address, std::string_view flag) { return Listen(address, flag).status(); }

}  // namespace switchyard::controlplane::runtime
