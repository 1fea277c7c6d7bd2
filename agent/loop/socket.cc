#include "agent/loop/socket.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
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

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

IoResult FromReturn(ssize_t got) {
  if (got > 0) return {IoResult::Kind::kOk, static_cast<std::size_t>(got)};
  if (got == 0) return {IoResult::Kind::kEnd, 0};
  return {WouldBlock(errno) ? IoResult::Kind::kWouldBlock : IoResult::Kind::kError, 0};
}

ssize_t Receive(int fd, char* into, std::size_t size, int flags) {
  while (true) {
    const ssize_t got = ::recv(fd, into, size, flags);
    if (got >= 0 || errno != EINTR) return got;
  }
}

// One piece goes by the shorter way through the kernel.
ssize_t Send(int fd, std::span<const iovec> pieces, int flags) {
  while (true) {
    ssize_t put = 0;
    if (pieces.size() == 1) {
      put = ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL | flags);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(pieces.data());
      message.msg_iovlen = pieces.size();
      put = ::sendmsg(fd, &message, MSG_NOSIGNAL | flags);
    }
    if (put >= 0 || errno != EINTR) return put;
  }
}

std::size_t SizeOf(std::span<const iovec> pieces) {
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  return size;
}

// `writable` falls where the kernel does not take all.
IoResult SendPlain(int fd, std::span<const iovec> pieces, int flags, bool& writable) {
  const IoResult result = FromReturn(Send(fd, pieces, flags));
  if (result.bytes < SizeOf(pieces)) writable = false;
  return result;
}

ssize_t Splice(int from, int to, std::size_t size) {
  while (true) {
    const ssize_t moved = ::splice(from, nullptr, to, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved >= 0 || errno != EINTR) return moved;
  }
}

}  // namespace

Socket::Socket(EventLoop& loop, Owner& owner) : loop_(loop), owner_(owner) {}

Socket::~Socket() { Close(); }

bool Socket::Adopt(int fd) {
  if (!loop_.Watch(fd, *this)) {
    ::close(fd);
    return false;
  }
  fd_ = fd;
  open_ = true;
  // The kernel tells of the present state as of an edge; until then a try says more than waiting.
  readable_ = writable_ = ended_ = false;
  SetNoDelay(fd);
  return true;
}

void Socket::TakeOver(Socket& from) {
  Parts parts = from.Release();
  layer_ = std::move(parts.layer);
  Adopt(parts.fd);
}

Socket::Parts Socket::Release() {
  loop_.Unwatch(fd_, *this);
  open_ = false;
  StopWaiting();
  return {std::exchange(fd_, -1), std::move(layer_)};
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
  if (!Adopt(fd)) return EMFILE;
  connecting_ = true;
  keep_ = &owner_;
  return 0;
}

// --- bytes ---

IoResult Socket::Read(char* into, std::size_t size) {
  if (layer_ != nullptr) return ReadLayer(into, size);
  const IoResult result = FromReturn(Receive(fd_, into, size, 0));
  if (result.kind == IoResult::Kind::kWouldBlock || (result.kind == IoResult::Kind::kOk && result.bytes < size && !ended_)) readable_ = false;
  return result;
}

IoResult Socket::Write(std::span<const iovec> pieces) {
  return layer_ != nullptr ? WriteLayer(pieces) : SendPlain(fd_, pieces, 0, writable_);
}

IoResult Socket::WriteLast(std::span<const iovec> pieces) {
  return layer_ != nullptr ? WriteLayer(pieces) : SendPlain(fd_, pieces, MSG_MORE, writable_);
}

IoResult Socket::ReadLayer(char* into, std::size_t size) {
  const IoResult result = layer_->Read(into, size);
  if (result.kind == IoResult::Kind::kWouldBlock) (layer_->read_wants_write() ? writable_ : readable_) = false;
  NoteEmptied();
  return result;
}

void Socket::NoteEmptied() {
  if (layer_->Emptied() && !ended_) readable_ = false;
}

IoResult Socket::WriteLayer(std::span<const iovec> pieces) {
  const IoResult result = layer_->Write(pieces);
  if (result.bytes < SizeOf(pieces)) (layer_->write_wants_read() ? readable_ : writable_) = false;
  return result;
}

IoResult Socket::Peek(char* into, std::size_t size) {
  const IoResult result = FromReturn(Receive(fd_, into, size, MSG_PEEK));
  // What is seen stays, so only what comes behind it is news.
  if (!ended_) readable_ = false;
  return result;
}

bool Socket::WriteFirst(std::string_view bytes) {
  return bytes.empty() || ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

IoResult Socket::SpliceInto(int pipe, std::size_t size) {
  const IoResult result = FromReturn(Splice(fd_, pipe, size));
  if (result.kind == IoResult::Kind::kWouldBlock) readable_ = false;
  return result;
}

IoResult Socket::SpliceFrom(int pipe, std::size_t size) {
  const IoResult result = FromReturn(Splice(pipe, fd_, size));
  if (result.kind == IoResult::Kind::kWouldBlock) writable_ = false;
  return result;
}

Endpoint Socket::LocalEndpoint() const { return EndpointBy(::getsockname); }
Endpoint Socket::PeerEndpoint() const { return EndpointBy(::getpeername); }

Endpoint Socket::EndpointBy(int (*ask)(int, sockaddr*, socklen_t*)) const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (!open_ || ask(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return Endpoint();
  return Endpoint::FromSockaddr(address);
}

bool Socket::Quiet() {
  if (!open_) return false;
  if (layer_ != nullptr) {
    if (!layer_->Quiet()) return false;
    readable_ = false;
    return true;
  }
  char byte = 0;
  if (Receive(fd_, &byte, 1, MSG_PEEK) >= 0 || !WouldBlock(errno)) return false;
  readable_ = false;
  return true;
}

void Socket::ShutdownWrite() {
  if (!open_) return;
  if (layer_ != nullptr) layer_->Shutdown();
  ::shutdown(fd_, SHUT_WR);
}

void Socket::Close(bool reset) {
  if (!open_) return;
  open_ = false;
  if (layer_ != nullptr && !reset) layer_->Shutdown();
  if (reset) {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  loop_.Forget(*this);
  ::close(std::exchange(fd_, -1));
  StopWaiting();
}

// --- waiting ---

bool Socket::MayRead() const {
  if (layer_ == nullptr) return readable_;
  return layer_->HasPending() || (layer_->read_wants_write() ? writable_ : readable_);
}

bool Socket::MayWrite() const { return layer_ != nullptr && layer_->write_wants_read() ? readable_ : writable_; }

void Socket::WaitReadable() {
  if (waiting_read_ || !open_) return;
  waiting_read_ = true;
  keep_ = &owner_;
  if (MayRead()) TellSoon();
}

void Socket::WaitWritable() {
  if (waiting_write_ || !open_) return;
  waiting_write_ = true;
  keep_ = &owner_;
  if (MayWrite()) TellSoon();
}

void Socket::Handshake(bool peer_begins) {
  if (!open_) return;
  handshaking_ = true;
  step_wants_write_ = !peer_begins;
  // Who begins has fresh room.
  if (!peer_begins) writable_ = true;
  keep_ = &owner_;
  if (MayStep()) TellSoon();
}

void Socket::TellSoon() {
  if (told_soon_) return;
  told_soon_ = true;
  loop_.Soon(Ref<RefCounted>(&owner_), this, [](void* self) {
    auto* socket = static_cast<Socket*>(self);
    socket->told_soon_ = false;
    if (socket->open_) socket->Tell();
  });
}

void Socket::OnEvents(std::uint32_t events) {
  const bool over = (events & (EPOLLHUP | EPOLLERR)) != 0;
  if (over || (events & EPOLLRDHUP) != 0) ended_ = readable_ = true;
  if ((events & EPOLLIN) != 0) readable_ = true;
  if (over || (events & EPOLLOUT) != 0) writable_ = true;
  if (waits()) Tell();
}

// The last thing this does may be to end the owner, and with it this socket.
void Socket::Tell() {
  const Ref<Owner> keep(&owner_);
  if (connecting_) {
    if (writable_) TellConnected();
  } else if (handshaking_) {
    if (MayStep()) StepHandshake();
  } else {
    if (waiting_read_ && MayRead()) {
      waiting_read_ = false;
      owner_.OnReadable();
    }
    if (waiting_write_ && MayWrite()) {
      waiting_write_ = false;
      owner_.OnWritable();
    }
  }
  if (!waits()) keep_.reset();
}

void Socket::TellConnected() {
  connecting_ = false;
  int status = 0;
  socklen_t length = sizeof status;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &status, &length);
  owner_.OnConnected(status);
}

void Socket::StepHandshake() {
  const TransportLayer::Step step = layer_->Handshake();
  if (step == TransportLayer::Step::kDone || step == TransportLayer::Step::kFailed) {
    handshaking_ = false;
    NoteEmptied();
    owner_.OnHandshake(step == TransportLayer::Step::kDone);
  } else {
    step_wants_write_ = step == TransportLayer::Step::kWantWrite;
    (step_wants_write_ ? writable_ : readable_) = false;
  }
}

void Socket::StopWaiting() {
  waiting_read_ = waiting_write_ = connecting_ = handshaking_ = false;
  // Not here: whoever closes is still using the owner.
  loop_.Bury(std::move(keep_));
  keep_.reset();
}

void Socket::OnLoopEnd() {
  waiting_read_ = waiting_write_ = connecting_ = handshaking_ = false;
  const Ref<Owner> last = std::move(keep_);
}

}  // namespace switchyard::agent::loop
