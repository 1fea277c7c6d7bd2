#include "common/tls/pinned_ca.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>

#include "common/tls/openssl_types.h"
#include "common/tls/sha256.h"

namespace switchyard::tls {
namespace {

using AddressList = std::unique_ptr<addrinfo, FreeBy<freeaddrinfo>>;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// OpenSSL writes without MSG_NOSIGNAL: a peer that closes early must not end the process. Keeps the signal from this thread and takes away
// one that came meanwhile.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    if (::sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    while (::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

class Deadline {
 public:
  explicit Deadline(Duration timeout) : end_(clock_.Now() + timeout) {}

  // DEADLINE_EXCEEDED when the time is over before the socket is ready.
  absl::Status Wait(int fd, short events) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - clock_.Now()).count();
      pollfd item{fd, events, 0};
      const int ready = left <= 0 ? 0 : ::poll(&item, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000)));
      if (ready > 0) return absl::OkStatus();
      if (ready == 0 && clock_.Now() >= end_) return absl::DeadlineExceededError("the controller did not answer in time");
    }
  }

 private:
  SystemClock clock_;
  TimePoint end_;
};

absl::StatusOr<Socket> ConnectOne(const addrinfo& address, const Deadline& deadline) {
  Socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return absl::UnavailableError(std::generic_category().message(errno));
  int error = ::connect(socket.fd(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    if (auto ready = deadline.Wait(socket.fd(), POLLOUT); !ready.ok()) return ready;
    socklen_t size = sizeof(error);
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  }
  if (error != 0) return absl::UnavailableError(std::generic_category().message(error));
  return socket;
}

absl::StatusOr<Socket> Connect(std::string_view host, std::uint16_t port, const Deadline& deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(std::string(host).c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return absl::UnavailableError(fmt::format("cannot resolve \"{}\": {}", host, gai_strerror(error)));
  const AddressList addresses(found);
  absl::Status last = absl::UnavailableError("no address");
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    auto socket = ConnectOne(*at, deadline);
    if (socket.ok()) return socket;
    last = socket.status();
  }
  return absl::Status(last.code(), fmt::format("cannot connect to {}:{}: {}", host, port, std::string(last.message())));
}

absl::Status Handshake(SSL* ssl, int fd, const Deadline& deadline) {
  for (;;) {
    ClearErrors();
    const int done = SSL_connect(ssl);
    if (done == 1) return absl::OkStatus();
    const int why = SSL_get_error(ssl, done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      ClearErrors();
      return absl::UnavailableError("the TLS handshake failed: is this the controller's port?");
    }
    if (auto ready = deadline.Wait(fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT); !ready.ok()) return ready;
  }
}

absl::StatusOr<Ssl> MakeSession(SSL_CTX* context, int fd) {
  Ssl ssl(SSL_new(context));
  static constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1 || SSL_set_alpn_protos(ssl.get(), kAlpn, sizeof(kAlpn)) != 0) {
    return OpensslError("cannot start TLS");
  }
  return ssl;
}

std::string FindPinned(SSL* ssl, std::string_view pin) {
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  const int count = chain == nullptr ? 0 : std::min(sk_X509_num(chain), static_cast<int>(kMaxPemCertificates));
  for (int i = 0; i < count; ++i) {
    auto handle = std::make_shared<Certificate::Handle>();
    handle->certificate.reset(X509_dup(sk_X509_value(chain, i)));
    if (handle->certificate == nullptr) continue;
    const Certificate certificate(std::move(handle));
    if (certificate.Fingerprint() == pin && certificate.is_ca()) return certificate.ToPem();
  }
  return {};
}

}  // namespace

absl::StatusOr<std::string> FetchPinnedCa(std::string_view host, std::uint16_t port, std::string_view sha256_pin, Duration timeout) {
  if (sha256_pin.size() != kSha256Bytes) return absl::InvalidArgumentError("pin: expected the 32 bytes of a SHA-256");
  const NoSigpipe guard;
  const SslContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) return OpensslError("cannot start TLS");
  // The pin is the check; an ordinary one is not possible before the CA is known.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const Deadline deadline(timeout);
  auto socket = Connect(host, port, deadline);
  if (!socket.ok()) return socket.status();
  auto ssl = MakeSession(context.get(), socket->fd());
  if (!ssl.ok()) return ssl.status();
  if (auto shaken = Handshake(ssl->get(), socket->fd(), deadline); !shaken.ok()) {
    return absl::Status(shaken.code(), fmt::format("{}:{}: {}", host, port, std::string(shaken.message())));
  }
  std::string pem = FindPinned(ssl->get(), sha256_pin);
  SSL_shutdown(ssl->get());
  ClearErrors();
  if (pem.empty()) {
    return absl::UnauthenticatedError(
        fmt::format("{}:{} is not the controller that the join token is from: no certificate it sent has the fingerprint {}", host, port,
                    ToHex(sha256_pin)));
  }
  return pem;
}

}  // namespace switchyard::tls
