#include "agent/loop/socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace switchyard::agent::loop {
namespace {

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

IoResult FromReturn(ssize_t got) {
  if (got > 0) return {IoResult::Kind::kOk, static_cast<std::size_t>(got)};
  if (got == 0) return {IoResult::Kind::kEnd, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {IoResult::Kind::kWouldBlock, 0};
  return {IoResult::Kind::kError, 0};
}

}  // namespace

Socket::Socket(EventLoop& loop, Owner& owner) : owner_(owner), socket_(loop.executor()) {}

Socket::~Socket() { Close(); }

bool Socket::Adopt(int fd, bool v6) {
  boost::system::error_code error;
  socket_.assign(v6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), fd, error);
  if (error) {
    ::close(fd);
    return false;
  }
  fd_ = fd;
  open_ = true;
  SetNoDelay(fd);
  return true;
}

void Socket::TakeOver(Socket& from) {
  socket_ = std::move(from.socket_);
  fd_ = std::exchange(from.fd_, -1);
  open_ = std::exchange(from.open_, false);
}

int Socket::Connect(const Endpoint& to) {
  const int fd = ::socket(to.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int result = ::connect(fd, to.address(), to.length());
  const int error = result == 0 ? 0 : errno;
  if (error != 0 && error != EINPROGRESS) {
    ::close(fd);
    return error;
  }
  if (!Adopt(fd, to.is_v6())) return EMFILE;
  waiting_write_ = true;
  socket_.async_wait(Tcp::wait_write, [this, keep = Ref<Owner>(&owner_)](const boost::system::error_code& failed) {
    waiting_write_ = false;
    if (failed || !open_) return;
    int status = 0;
    socklen_t length = sizeof status;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &status, &length);
    owner_.OnConnected(status);
  });
  return 0;
}

IoResult Socket::Read(char* into, std::size_t size) { return FromReturn(::recv(fd_, into, size, 0)); }

IoResult Socket::Write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return FromReturn(::sendmsg(fd_, &message, MSG_NOSIGNAL));
}

bool Socket::Quiet() const {
  char byte = 0;
  return open_ && ::recv(fd_, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Socket::ShutdownWrite() {
  if (open_) ::shutdown(fd_, SHUT_WR);
}

void Socket::Close(bool reset) {
  if (!open_) return;
  open_ = false;
  if (reset) {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
  fd_ = -1;
}

void Socket::WaitReadable() {
  if (waiting_read_ || !open_) return;
  waiting_read_ = true;
  socket_.async_wait(Tcp::wait_read, [this, keep = Ref<Owner>(&owner_)](const boost::system::error_code& error) {
    waiting_read_ = false;
    if (!error && open_) owner_.OnReadable();
  });
}

void Socket::WaitWritable() {
  if (waiting_write_ || !open_) return;
  waiting_write_ = true;
  socket_.async_wait(Tcp::wait_write, [this, keep = Ref<Owner>(&owner_)](const boost::system::error_code& error) {
    waiting_write_ = false;
    if (!error && open_) owner_.OnWritable();
  });
}

}  // namespace switchyard::agent::loop
