#include "agent/listener/tls_handshake.h"

#include <array>
#include <string_view>
#include <utility>

#include "agent/listener/server_connection.h"
#include "agent/tls/session.h"

namespace switchyard::agent::listener {
namespace {

constexpr Duration kLingerTime = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = 65536;
constexpr std::string_view kUseHttps =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 72\r\nCache-Control: no-store\r\n"
    "Connection: close\r\nx-switchyard-cause: tls_plain_http\r\n\r\n"
    "Bad Request: tls_plain_http\nThis port speaks TLS: use https:// instead.\n";
static_assert(kUseHttps.size() - kUseHttps.find("\r\n\r\n") - 4 == 72);

}  // namespace

using loop::IoResult;
using loop::Ref;

TlsHandshake::TlsHandshake(loop::EventLoop& loop, Ref<ListenerState> listener)
    : loop_(loop), listener_(std::move(listener)), socket_(loop, *this), timer_(loop.timers(), *this) {}

TlsHandshake::~TlsHandshake() = default;

void TlsHandshake::Begin(int fd, const Endpoint& peer, std::unique_ptr<exchange::ClientAddresses> announced) {
  if (!socket_.Adopt(fd)) return;
  if (!listener_->BeginHandshake()) {
    listener_->CountConnection(Cause::kTlsTooManyHandshakes);
    socket_.Close(/*reset=*/true);
    return;
  }
  peer_ = peer;
  announced_ = std::move(announced);
  state_ = State::kShaking;
  listener_->Add(*this, /*refused=*/false);
  const snapshot::ListenerConfig& config = *listener_->Current().config;
  std::unique_ptr<tls::Session> session = config.tls == nullptr ? nullptr : tls::Session::Accept(config.tls, fd, loop_.clock().WallNow());
  if (session == nullptr) return Fail(Cause::kTlsHandshakeFailed);
  session_ = session.get();
  socket_.SetLayer(std::move(session));
  timer_.Set(loop_.Now() + config.head_timeout);
  socket_.Handshake(/*peer_begins=*/true);
}

void TlsHandshake::OnHandshake(bool done) {
  const Ref<TlsHandshake> keep(this);
  if (state_ != State::kShaking) return;
  if (done) {
    Succeed();
  } else {
    Fail(session_->failure());
  }
}

void TlsHandshake::EndShaking() {
  timer_.Cancel();
  if (state_ != State::kShaking) return;
  state_ = State::kLingering;
  listener_->EndHandshake();
}

void TlsHandshake::Succeed() {
  EndShaking();
  state_ = State::kClosed;
  listener_->CountHandshake(session_->resumed());
  session_ = nullptr;
  loop::Socket::Parts parts = socket_.Release();
  const Ref<ServerConnection> connection(new ServerConnection(loop_, listener_));
  listener_->Drop(*this, /*refused=*/false);
  connection->Open({parts.fd, peer_, std::move(parts.layer), std::move(announced_)}, /*refuse=*/false);
}

void TlsHandshake::Fail(Cause cause) {
  EndShaking();
  listener_->CountConnection(cause);
  if (cause == Cause::kTlsRefusedByClient || session_ == nullptr) return Cut();
  session_ = nullptr;
  socket_.SetLayer(nullptr);
  if (cause == Cause::kTlsPlainHttp) AnswerPlainHttp();
  Linger();
}

void TlsHandshake::AnswerPlainHttp() {
  const std::array<iovec, 1> pieces = {iovec{const_cast<char*>(kUseHttps.data()), kUseHttps.size()}};
  // Nothing was sent on this connection yet, so the kernel takes it whole.
  socket_.Write(pieces);
}

void TlsHandshake::Linger() {
  socket_.ShutdownWrite();
  timer_.Set(loop_.Now() + kLingerTime);
  OnReadable();
}

void TlsHandshake::OnReadable() {
  const Ref<TlsHandshake> keep(this);
  if (state_ != State::kLingering) return;
  while (true) {
    const IoResult result = socket_.Read(loop_.scratch(), loop::EventLoop::kScratchBytes);
    if (result.kind == IoResult::Kind::kWouldBlock) return socket_.WaitReadable();
    discarded_ += result.bytes;
    if (result.kind != IoResult::Kind::kOk || discarded_ > kLingerBytes) return Cut();
  }
}

void TlsHandshake::OnTimer(loop::Timer&) {
  const Ref<TlsHandshake> keep(this);
  if (state_ == State::kShaking) listener_->CountConnection(Cause::kTlsHandshakeTimeout);
  Cut();
}

void TlsHandshake::Cut() {
  if (state_ == State::kClosed) return;
  EndShaking();
  state_ = State::kClosed;
  socket_.Close();
  listener_->Drop(*this, /*refused=*/false);
}

}  // namespace switchyard::agent::listener
