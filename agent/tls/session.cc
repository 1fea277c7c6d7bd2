#include "agent/tls/session.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "agent/tls/context_parts.h"
#include "agent/tls/failure.h"
#include "agent/tls/peer_text.h"
#include "agent/tls/socket_bio.h"

namespace switchyard::agent::tls {
namespace {

using loop::IoResult;
using switchyard::tls::ClearErrors;
constexpr std::size_t kRecordBytes = 16384;  // RFC 8446 section 5.1

class SessionImpl final : public Session {
 public:
  SessionImpl(std::shared_ptr<const void> context, int fd) : context_(std::move(context)) { socket_.fd = fd; }

  ~SessionImpl() override;

  bool Open(SSL_CTX* context, WallTime now);
  SSL* ssl() { return ssl_.get(); }
  SslOwner& owner() { return owner_; }

  Step Handshake() override;
  IoResult Read(char* into, std::size_t size) override;
  IoResult Write(std::span<const iovec> pieces) override;
  bool HasPending() const override { return !drained_ && SSL_has_pending(ssl_.get()) == 1; }
  bool Emptied() const override { return socket_.emptied; }
  bool read_wants_write() const override { return read_wants_write_; }
  bool write_wants_read() const override { return write_wants_read_; }
  bool Quiet() override;
  void Shutdown() override;
  std::string_view protocol() const override;

  Cause failure() const override { return failure_; }
  bool resumed() const override { return SSL_session_reused(ssl_.get()) == 1; }
  std::string_view peer_certificate() const override { return peer_certificate_; }

 private:
  // What a call that did not succeed means.
  IoResult::Kind Judge(int returned, bool reading);
  bool PeerFits();
  void TakePeer();

  // Server or client context: callbacks of the session look into it.
  const std::shared_ptr<const void> context_;
  SocketBio socket_;
  SslOwner owner_;
  switchyard::tls::Ssl ssl_;
  std::string peer_certificate_;
  Cause failure_ = Cause::kNone;
  bool failed_ = false;
  bool said_goodbye_ = false;
  bool drained_ = false;
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
};

// OpenSSL takes a session that was not shut down for broken and would not resume it; a connection may end in other ways.
SessionImpl::~SessionImpl() {
  if (ssl_ != nullptr && !failed_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

bool SessionImpl::Open(SSL_CTX* context, WallTime now) {
  ssl_.reset(SSL_new(context));
  if (ssl_ == nullptr) return false;
  switchyard::tls::Bio bio = MakeSocketBio(socket_);
  if (bio == nullptr) return false;
  BIO* const both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);
  SSL_set_app_data(ssl_.get(), &owner_);
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  return true;
}

loop::TransportLayer::Step SessionImpl::Handshake() {
  ClearErrors();
  socket_.holding = true;
  socket_.emptied = false;
  const int returned = SSL_do_handshake(ssl_.get());
  socket_.holding = false;
  // Tickets of a server whose client has asked already leave with the answer.
  const bool asked = returned == 1 && owner_.server != nullptr && SSL_has_pending(ssl_.get()) == 1;
  const bool gone = asked || socket_.Flush();
  if (returned == 1) {
    if (owner_.server != nullptr) TakePeer();
    if (owner_.server != nullptr || PeerFits()) return Step::kDone;
    failed_ = true;
    failure_ = Cause::kUpstreamTlsWrongName;
    return Step::kFailed;
  }
  const int end = SSL_get_error(ssl_.get(), returned);
  if (end == SSL_ERROR_WANT_READ) return gone ? Step::kWantRead : Step::kWantWrite;
  if (end == SSL_ERROR_WANT_WRITE) return Step::kWantWrite;
  failed_ = true;
  failure_ = owner_.client != nullptr ? ClientFailure(ssl_.get(), end)
             : owner_.refused_name    ? Cause::kTlsUnknownServerName
                                      : ServerFailure(ssl_.get(), end, socket_);
  ClearErrors();
  return Step::kFailed;
}

// Names and pins of our own, beyond what OpenSSL has verified.
bool SessionImpl::PeerFits() {
  const ClientContextImpl& context = *owner_.client;
  if (context.names.empty() && context.pins.empty()) return true;
  X509* const leaf = SSL_get0_peer_certificate(ssl_.get());
  if (leaf == nullptr) return false;
  const bool skip_names = SSL_get_verify_mode(ssl_.get()) == SSL_VERIFY_NONE;
  return (skip_names || HoldsName(leaf, context.names)) && HoldsPin(leaf, context.pins);
}

IoResult::Kind SessionImpl::Judge(int returned, bool reading) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      (reading ? drained_ : write_wants_read_) = true;
      return IoResult::Kind::kWouldBlock;
    case SSL_ERROR_WANT_WRITE:
      if (reading) drained_ = read_wants_write_ = true;
      return IoResult::Kind::kWouldBlock;
    case SSL_ERROR_ZERO_RETURN:
      return IoResult::Kind::kEnd;
    default:
      failed_ = true;
      ClearErrors();
      return IoResult::Kind::kError;
  }
}

IoResult SessionImpl::Read(char* into, std::size_t size) {
  if (failed_) return {IoResult::Kind::kError, 0};
  drained_ = read_wants_write_ = socket_.emptied = false;
  std::size_t total = 0;
  while (total < size) {
    ClearErrors();
    std::size_t got = 0;
    const int returned = SSL_read_ex(ssl_.get(), into + total, size - total, &got);
    if (returned != 1) {
      const IoResult::Kind kind = Judge(returned, /*reading=*/true);
      // An end or error behind bytes is met again by the next read.
      if (total == 0) return {kind, 0};
      if (kind != IoResult::Kind::kWouldBlock) drained_ = socket_.emptied = false;
      break;
    }
    total += got;
    if (SSL_has_pending(ssl_.get()) == 0) break;
  }
  return {IoResult::Kind::kOk, total};
}

// The same bytes always fall into the same records, so a write that blocked is repeated as OpenSSL demands.
IoResult SessionImpl::Write(std::span<const iovec> pieces) {
  if (failed_) return {IoResult::Kind::kError, 0};
  write_wants_read_ = false;
  thread_local std::array<char, kRecordBytes> gathered;
  std::size_t rest = 0;
  for (const iovec& each : pieces) rest += each.iov_len;
  std::size_t total = 0;
  std::size_t piece = 0;
  std::size_t at = 0;  // within the piece
  while (true) {
    while (piece < pieces.size() && at == pieces[piece].iov_len) {
      ++piece;
      at = 0;
    }
    if (piece == pieces.size()) break;
    const char* from = static_cast<const char*>(pieces[piece].iov_base) + at;
    std::size_t size = std::min(pieces[piece].iov_len - at, kRecordBytes);
    if (size < kRecordBytes && piece + 1 < pieces.size()) {
      std::memcpy(gathered.data(), from, size);
      for (std::size_t next = piece + 1; next < pieces.size() && size < kRecordBytes; ++next) {
        const std::size_t more = std::min(pieces[next].iov_len, kRecordBytes - size);
        std::memcpy(gathered.data() + size, pieces[next].iov_base, more);
        size += more;
      }
      from = gathered.data();
    }
    ClearErrors();
    std::size_t put = 0;
    socket_.more = size < rest;
    const int returned = SSL_write_ex(ssl_.get(), from, size, &put);
    socket_.more = false;
    if (returned != 1) {
      const IoResult::Kind kind = Judge(returned, /*reading=*/false);
      return total > 0 && kind == IoResult::Kind::kWouldBlock ? IoResult{IoResult::Kind::kOk, total} : IoResult{kind, 0};
    }
    total += put;
    rest -= put;
    for (std::size_t left = put; left > 0;) {
      const std::size_t step = std::min(left, pieces[piece].iov_len - at);
      left -= step;
      at += step;
      if (at == pieces[piece].iov_len && left > 0) {
        ++piece;
        at = 0;
      }
    }
  }
  return {total > 0 ? IoResult::Kind::kOk : IoResult::Kind::kWouldBlock, total};
}

// Session tickets and the like are no bytes for us.
bool SessionImpl::Quiet() {
  if (failed_) return false;
  char byte = 0;
  if (!HasPending() && ::recv(socket_.fd, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
  ClearErrors();
  const int returned = SSL_peek(ssl_.get(), &byte, 1);
  return returned <= 0 && Judge(returned, /*reading=*/true) == IoResult::Kind::kWouldBlock;
}

void SessionImpl::Shutdown() {
  if (failed_ || said_goodbye_ || SSL_is_init_finished(ssl_.get()) == 0) return;
  said_goodbye_ = true;
  ClearErrors();
  SSL_shutdown(ssl_.get());
  ClearErrors();
}

std::string_view SessionImpl::protocol() const {
  const unsigned char* data = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &data, &size);
  return {reinterpret_cast<const char*>(data), size};
}

// What backends are told is made once; a resumed session brings the certificate along.
void SessionImpl::TakePeer() {
  X509* const leaf = SSL_get0_peer_certificate(ssl_.get());
  if (leaf != nullptr && SSL_get_verify_result(ssl_.get()) == X509_V_OK) peer_certificate_ = ForwardedCertificate(leaf);
}

}  // namespace

std::unique_ptr<Session> Session::Accept(const std::shared_ptr<const ServerContext>& context, int fd, WallTime now) {
  const auto& impl = static_cast<const ServerContextImpl&>(*context);
  auto session = std::make_unique<SessionImpl>(context, fd);
  session->owner().server = &impl;
  if (!session->Open(impl.context.get(), now)) return nullptr;
  SSL_set_accept_state(session->ssl());
  return session;
}

std::unique_ptr<Session> Session::Connect(const std::shared_ptr<const ClientContext>& context, int fd, WallTime now, ClientSession* slot) {
  const auto& impl = static_cast<const ClientContextImpl&>(*context);
  auto session = std::make_unique<SessionImpl>(context, fd);
  session->owner().client = &impl;
  session->owner().slot = slot;
  if (!session->Open(impl.context.get(), now)) return nullptr;
  SSL* const ssl = session->ssl();
  SSL_set_connect_state(ssl);
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
  const bool by_name = !impl.server_name.empty() && impl.names.empty();
  bool done = true;
  if (!impl.server_name.empty() && !impl.name_is_ip) done = SSL_set_tlsext_host_name(ssl, impl.server_name.c_str()) == 1;
  if (by_name && impl.name_is_ip) done = done && X509_VERIFY_PARAM_set1_ip_asc(rules, impl.server_name.c_str()) == 1;
  if (by_name && !impl.name_is_ip) {
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    done = done && X509_VERIFY_PARAM_set1_host(rules, impl.server_name.data(), impl.server_name.size()) == 1;
  }
  if (!done) return nullptr;
  if (slot != nullptr && slot->held().session != nullptr && slot->held().context == impl.id) SSL_set_session(ssl, slot->held().session.get());
  return session;
}

}  // namespace switchyard::agent::tls
