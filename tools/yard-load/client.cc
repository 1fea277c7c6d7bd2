#include "tools/yard-load/client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace switchyard::tools::load {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr std::size_t kReadSize = 16384;
}

Client::Client(asio::io_context& io, ClientContext& context, unsigned number, OnIdle on_idle)
    : io_(io),
      context_(context),
      preferred_(number % context.destinations.size()),
      on_idle_(std::move(on_idle)),
      socket_(std::make_shared<asio::ip::tcp::socket>(io)),
      in_(kReadSize) {}

void Client::Send(TimePoint intended) {
  busy_ = true;
  resent_ = false;
  intended_ = intended;
  deadline_ = context_.clock.Now() + context_.plan.timeout;
  if (open_) return Write();
  at_ = preferred_;
  tried_ = 0;
  Connect();
}

void Client::CheckDeadline(TimePoint now) {
  if (busy_ && now >= deadline_) FailWith(Failure::kTimeout);
}

void Client::Connect() {
  socket_ = std::make_shared<asio::ip::tcp::socket>(io_);
  served_ = 0;
  begin_ = end_ = 0;
  socket_->async_connect(destination().endpoint, [this, epoch = ++epoch_](const error_code& error) {
    if (epoch != epoch_) return;
    if (!error) return OnConnected();
    if (++tried_ >= context_.destinations.size()) return FailWith(Failure::kConnect);
    at_ = (at_ + 1) % context_.destinations.size();
    ++context_.tally.failovers;
    Connect();
  });
}

void Client::OnConnected() {
  error_code ignored;
  socket_->set_option(asio::ip::tcp::no_delay(true), ignored);
  open_ = true;
  ++context_.tally.connections_opened;
  Read();
  Write();
}

void Client::Write() {
  first_byte_ = false;
  in_body_ = false;
  // An error shows at the outstanding read, after whatever the peer still sent.
  asio::async_write(*socket_, asio::buffer(destination().request), [socket = socket_](const error_code&, std::size_t) {});
}

void Client::Read() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == in_.size()) in_.resize(in_.size() * 2);
  socket_->async_read_some(asio::buffer(in_.data() + end_, in_.size() - end_), [this, epoch = epoch_](const error_code& error, std::size_t size) {
    if (epoch != epoch_) return;
    if (error) OnEnd();
    else OnBytes(size);
  });
}

void Client::OnBytes(std::size_t size) {
  context_.tally.bytes_received += size;
  end_ += size;
  if (!busy_) return Close();  // nobody asked: a 408 or garbage before the next request
  first_byte_ = true;
  for (;;) {
    const std::string_view unread(in_.data() + begin_, end_ - begin_);
    if (!in_body_) {
      const std::size_t head = wire::FindHeadEnd(unread);
      if (head == 0) break;
      if (!wire::ParseResponse(unread.substr(0, head), head_)) return FailWith(Failure::kBadResponse);
      begin_ += head;
      if (head_.status == 101) return FailWith(Failure::kBadResponse);
      if (head_.status < 200) continue;
      if (!ReadHead()) return FailWith(Failure::kBadResponse);
    } else if (!body_.done()) {
      const wire::BodyReader::Piece piece = body_.Take(unread);
      begin_ += piece.used;
      if (body_.bad()) return FailWith(Failure::kBadResponse);
      if (piece.used == 0) break;
    }
    if (in_body_ && body_.done()) return begin_ == end_ ? Complete() : FailWith(Failure::kBadResponse);
  }
  if (end_ - begin_ >= kMaxHead) return FailWith(Failure::kBadResponse);
  Read();
}

// Keeps what is needed of the head before its bytes go.
bool Client::ReadHead() {
  const wire::Framing framing = wire::ResponseFraming(head_, context_.plan.method == "HEAD");
  body_.Start(framing);
  in_body_ = true;
  status_ = head_.status;
  keep_ = head_.KeepsAlive() && framing.kind != wire::Framing::Kind::kUntilClose && !context_.plan.close;
  if (!context_.plan.count_header.empty()) counted_value_.assign(head_.Get(context_.plan.count_header));
  return framing.kind != wire::Framing::Kind::kBad;
}

void Client::OnEnd() {
  if (!busy_) return Close();
  if (in_body_ && body_.Close()) return Complete();
  if (first_byte_) return FailWith(Failure::kTruncated);
  if (served_ > 0 && context_.plan.resend && context_.idempotent && !resent_) {
    resent_ = true;
    ++context_.tally.resent;
    Close();
    at_ = preferred_;
    tried_ = 0;
    return Connect();
  }
  FailWith(Failure::kReset);
}

void Client::Complete() {
  const TimePoint now = context_.clock.Now();
  if (intended_ >= context_.count_from) context_.tally.Response(now, status_, now - intended_, counted_value_);
  ++served_;
  if (keep_) Read();
  else Close();
  Idle(true);
}

void Client::FailWith(Failure failure) {
  Close();
  if (intended_ >= context_.count_from) context_.tally.Fail(context_.clock.Now(), failure);
  Idle(failure != Failure::kConnect);
}

void Client::Close() {
  ++epoch_;
  open_ = false;
  error_code ignored;
  socket_->close(ignored);
}

void Client::Idle(bool connected) {
  busy_ = false;
  on_idle_(*this, connected);
}

}  // namespace switchyard::tools::load
