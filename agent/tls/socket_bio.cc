#include "agent/tls/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>

namespace switchyard::agent::tls {
namespace {

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int ReadBytes(BIO* bio, char* into, int size) {
  auto& socket = *static_cast<SocketBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(socket.fd, into, static_cast<std::size_t>(size), 0);
  if (got > 0 && socket.first == 0) socket.first = static_cast<unsigned char>(*into);
  if (got == 0) socket.ended = true;
  if (got < 0 && WouldBlock()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int WriteBytes(BIO* bio, const char* from, int size) {
  const auto& socket = *static_cast<const SocketBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t put = ::send(socket.fd, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (put < 0 && WouldBlock()) BIO_set_retry_write(bio);
  return static_cast<int>(put);
}

long Control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
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

switchyard::tls::Bio MakeSocketBio(SocketBio& socket) {
  switchyard::tls::Bio bio(TheMethod() == nullptr ? nullptr : BIO_new(TheMethod()));
  if (bio == nullptr) return bio;
  BIO_set_data(bio.get(), &socket);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace switchyard::agent::tls
