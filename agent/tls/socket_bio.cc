#include "agent/tls/socket_bio.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace switchyard::agent::tls {
namespace {

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

// `call` again as long as a signal cuts it short.
template <typename Call>
ssize_t Uninterrupted(Call call) {
  while (true) {
    const ssize_t result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// A flight of a handshake with two chains of certificates.
constexpr std::size_t kMostHeld = 16'384;

int FlagsOf(const SocketBio& socket) { return MSG_NOSIGNAL | (socket.more ? MSG_MORE : 0); }

void DropHeld(SocketBio& socket, std::size_t size) {
  if (size < socket.held.size()) {
    socket.held.erase(0, size);
  } else {
    socket.held = std::string();
  }
}

// As send(2), for the bytes behind what is held; those leave first, in the same call.
ssize_t SendBehindHeld(SocketBio& socket, const char* from, std::size_t size) {
  const std::size_t before = socket.held.size();
  std::array<iovec, 2> pieces = {iovec{socket.held.data(), before}, iovec{const_cast<char*>(from), size}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const ssize_t put = Uninterrupted([&] { return ::sendmsg(socket.fd, &message, FlagsOf(socket)); });
  if (put < 0) return put;
  DropHeld(socket, static_cast<std::size_t>(put));
  if (static_cast<std::size_t>(put) > before) return put - static_cast<ssize_t>(before);
  errno = EAGAIN;
  return -1;
}

int ReadBytes(BIO* bio, char* into, int size) {
  auto& socket = *static_cast<SocketBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t got = Uninterrupted([&] { return ::recv(socket.fd, into, static_cast<std::size_t>(size), 0); });
  const int error = errno;
  if (got < 0 && !socket.held.empty()) socket.Flush();
  errno = error;
  if (got > 0 && socket.first == 0) socket.first = static_cast<unsigned char>(*into);
  if (got == 0) socket.ended = true;
  socket.emptied = (got > 0 && got < size) || (got < 0 && WouldBlock());
  if (got < 0 && WouldBlock()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int WriteBytes(BIO* bio, const char* from, int size) {
  auto& socket = *static_cast<SocketBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto count = static_cast<std::size_t>(size);
  if (socket.holding && socket.held.size() + count <= kMostHeld) {
    socket.held.append(from, count);
    return size;
  }
  const ssize_t put = socket.held.empty() ? Uninterrupted([&] { return ::send(socket.fd, from, count, FlagsOf(socket)); })
                                           : SendBehindHeld(socket, from, count);
  if (put < 0 && WouldBlock()) BIO_set_retry_write(bio);
  return static_cast<int>(put);
}

long Control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;  // of libssl, after each flight; ours comes before waiting
  if (command == BIO_CTRL_EOF) return static_cast<const SocketBio*>(BIO_get_data(bio))->ended ? 1 : 0;
  return 0;
}

struct Method {
  Method() : method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "worker socket")) {
    if (method == nullptr) return;
    BIO_meth_set_read(method, ReadBytes);
    BIO_meth_set_write(method, WriteBytes);
    BIO_meth_set_ctrl(method, Control);
  }
  BIO_METHOD* method;
};

// A table of constants, made once; OpenSSL wants it from its own allocator.
const BIO_METHOD* TheMethod() {
  static const Method method;
  return method.method;
}

}  // namespace

bool SocketBio::Flush() {
  if (held.empty()) return true;
  const ssize_t put = Uninterrupted([&] { return ::send(fd, held.data(), held.size(), MSG_NOSIGNAL); });
  if (put > 0) DropHeld(*this, static_cast<std::size_t>(put));
  return held.empty();
}

switchyard::tls::Bio MakeSocketBio(SocketBio& socket) {
  switchyard::tls::Bio bio(TheMethod() == nullptr ? nullptr : BIO_new(TheMethod()));
  if (bio == nullptr) return bio;
  BIO_set_data(bio.get(), &socket);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace switchyard::agent::tls
