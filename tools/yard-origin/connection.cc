#include "tools/yard-origin/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>

namespace switchyard::tools::origin {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadSize = 16384;
constexpr std::uint64_t kPiece = 65536;
constexpr auto kDrainTime = std::chrono::seconds(2);

void Add(std::atomic<std::uint64_t>& counter, std::uint64_t n = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

void SiteOnWorker::Refresh() {
  const std::uint64_t now = site.version();
  if (now == version) return;
  version = now;
  behaviour = site.behaviour();
  plain.clear();
  if (!behaviour->IsPlain()) return;
  wire::RequestHead head;
  head.method = "GET";
  head.target = "/";
  const Reply reply = MakeReply({head}, site, lane, *behaviour, random);
  plain = reply.head;
  AppendPattern(reply.fill, reply.chunked, plain);
  plain += reply.tail;
}

Connection::Connection(asio::ip::tcp::socket socket, SiteOnWorker& site, std::uint64_t id)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), site_(site), id_(id), in_(kReadSize) {
  Add(site_.lane.counters.connections);
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() { Add(site_.lane.counters.closed); }

template <class Then>
void Connection::Write(Then then) {
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this(), then](const error_code& error, std::size_t) {
    self->out_.clear();
    if (!error) return then(*self);
    if (self->state_ == State::kReplying) Add(self->site_.lane.counters.aborted);
    self->Abort();
  });
}

void Connection::Continue() {
  if (out_.empty()) Read();
  else Write([](Connection& self) { self.Read(); });
}

void Connection::Read() {
  if (state_ == State::kClosed) return;
  if (begin_ == end_) begin_ = end_ = searched_ = 0;
  if (begin_ > 0 && end_ == in_.size()) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == in_.size()) in_.resize(in_.size() * 2);
  if (state_ == State::kHead && begin_ == end_) ArmIdle();
  socket_.async_read_some(asio::buffer(in_.data() + end_, in_.size() - end_), [self = shared_from_this()](const error_code& error, std::size_t n) {
    if (error) self->Abort();
    else self->OnRead(n);
  });
}

void Connection::ArmIdle() {
  site_.Refresh();
  if (site_.behaviour->keep_alive_ms == 0) return;
  timer_.expires_after(std::chrono::milliseconds(site_.behaviour->keep_alive_ms));
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    error_code ignored;
    if (!error && self->state_ == State::kHead && self->begin_ == self->end_) self->socket_.close(ignored);
  });
}

void Connection::OnRead(std::size_t size) {
  if (site_.raw_log) site_.lane.RememberRaw(id_, std::string_view(in_.data() + end_, size));
  end_ += size;
  Process();
}

void Connection::Process() {
  Next next = Next::kStep;
  while (next == Next::kStep && out_.size() < kFlush) next = Step();
  if (next == Next::kStep) Write([](Connection& self) { self.Process(); });
  if (next == Next::kRead) Continue();
}

Connection::Next Connection::Step() {
  switch (state_) {
    case State::kHead: return ProcessHead();
    case State::kBody: return ProcessBody();
    case State::kWebSocket: return ProcessWebSocket();
    case State::kHang:
    case State::kDrain: begin_ = end_; return Next::kRead;
    case State::kReplying:
    case State::kClosed: break;
  }
  return Next::kStop;
}

Connection::Next Connection::ProcessWebSocket() {
  const bool open = websocket_.Feed(Unread(), out_);
  begin_ = end_;
  if (open) return Next::kRead;
  Write([](Connection& self) { self.Drain(); });
  return Next::kStop;
}

Connection::Next Connection::ProcessHead() {
  const std::string_view unread = Unread();
  if (unread.empty()) return Next::kRead;
  const std::size_t size = wire::FindHeadEnd(unread, searched_);
  if (size == 0) {
    searched_ = unread.size();
    return unread.size() < kMaxHead ? Next::kRead : Refuse("head too large");
  }
  searched_ = 0;
  begin_ += size;
  return OnHead(unread.substr(0, size));
}

void Connection::Remember(std::string_view head, std::string_view error) {
  site_.lane.RememberRequest(id_, head, error);
}

Connection::Next Connection::OnHead(std::string_view head) {
  if (!wire::ParseRequest(head, head_)) {
    Remember(head, head_.error);
    return Refuse(head_.error);
  }
  const wire::Framing framing = wire::RequestFraming(head_);
  const bool control = IsControlPath(head_.target);
  if (!control) Remember(head, framing.kind == wire::Framing::Kind::kBad ? "bad framing" : "");
  if (framing.kind == wire::Framing::Kind::kBad) return Refuse("bad framing");
  body_bytes_ = 0;
  if (framing.kind == wire::Framing::Kind::kNone) return Answer();
  head_text_.assign(head);
  wire::ParseRequest(head_text_, head_);
  if (head_.Lists("expect", "100-continue")) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  body_.Start(framing);
  body_start_.clear();
  crc_.reset();
  state_ = State::kBody;
  return Next::kStep;
}

Connection::Next Connection::ProcessBody() {
  while (!body_.done() && !body_.bad()) {
    const wire::BodyReader::Piece piece = body_.Take(Unread());
    if (piece.used == 0) return Next::kRead;
    begin_ += piece.used;
    body_bytes_ += piece.content.size();
    crc_.process_bytes(piece.content.data(), piece.content.size());
    if (IsControlPath(head_.target)) body_start_.append(piece.content.substr(0, kKeptBody - std::min(kKeptBody, body_start_.size())));
  }
  if (body_.bad()) return Refuse("bad chunked body");
  Add(site_.lane.counters.body_bytes, body_bytes_);
  if (!IsControlPath(head_.target)) site_.lane.RememberBody(body_bytes_, crc_.checksum());
  state_ = State::kHead;
  return Answer();
}

// A whole request is there.
Connection::Next Connection::Answer() {
  site_.Refresh();
  Counters& counters = site_.lane.counters;
  const bool named = IsNamedPath(head_.target);
  if (!site_.plain.empty() && !named && head_.method == "GET" && head_.minor_version == 1 && !head_.Has("connection")) {
    Add(counters.requests);
    Add(counters.responses);
    out_ += site_.plain;
    return Next::kStep;
  }
  Reply reply = MakeReply({head_, body_bytes_, body_bytes_ > 0 ? crc_.checksum() : 0, body_start_}, site_.site, site_.lane, *site_.behaviour,
                          site_.random);
  if (!reply.control) Add(counters.requests);
  BeginReply(std::move(reply));
  return Next::kStop;
}

Connection::Next Connection::Refuse(std::string_view why) {
  Add(site_.lane.counters.bad_requests);
  Reply reply = BadRequestReply(site_.site.name(), why);
  reply.control = true;
  BeginReply(std::move(reply));
  return Next::kStop;
}

void Connection::BeginReply(Reply reply) {
  reply_ = std::move(reply);
  state_ = State::kReplying;
  if (!reply_.control) {
    present_ = true;
    ++site_.present;
  }
  if (reply_.delay.count() == 0) return WriteReply();
  WatchPeer();
  // Answers to earlier pipelined requests do not wait for this one.
  if (out_.empty()) Enter();
  else Write([](Connection& self) { self.Enter(); });
}

// To work, or into the queue for it.
void Connection::Enter() {
  const std::uint32_t slots = site_.behaviour->slots;
  if (reply_.control || slots == 0 || site_.busy < slots) return Work();
  site_.waiting.push_back(weak_from_this());
}

void Connection::Work() {
  if (present_) {
    busy_ = true;
    ++site_.busy;
  }
  timer_.expires_after(reply_.delay);
  timer_.async_wait([me = shared_from_this()](const error_code& error) {
    if (!error && me->state_ == State::kReplying) me->WriteReply();
  });
}

// The work is done, or nobody waits for it any more; the next may begin.
void Connection::Leave() {
  if (std::exchange(present_, false)) --site_.present;
  if (!std::exchange(busy_, false)) return;
  --site_.busy;
  while (!site_.waiting.empty() && (site_.behaviour->slots == 0 || site_.busy < site_.behaviour->slots)) {
    const std::shared_ptr<Connection> next = site_.waiting.front().lock();
    site_.waiting.pop_front();
    if (next != nullptr && next->present_ && !next->busy_) next->Work();
  }
}

std::string Connection::LoadHeader() const {
  std::string out = fmt::format("endpoint-load-metrics: TEXT named_metrics.in_flight={}", site_.present);
  const std::uint32_t slots = site_.behaviour->slots;
  if (slots > 0) out += fmt::format(",application_utilization={:.3f}", static_cast<double>(site_.busy) / slots);
  return out + "\r\n";
}

// Closes when the peer leaves while nothing is being read.
void Connection::WatchPeer() {
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this(), watch = ++watch_](const error_code& error) {
    if (error || watch != self->watch_) return;
    char byte = 0;
    error_code peek;
    self->socket_.non_blocking(true, peek);
    self->socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, peek);
    if (peek && peek != asio::error::would_block) {
      Add(self->site_.lane.counters.aborted);
      self->Abort();
    }
  });
}

void Connection::WriteReply() {
  ++watch_;
  if (reply_.end == Reply::End::kReset) return Reset();
  if (reply_.end == Reply::End::kHang) {
    Leave();
    state_ = State::kHang;
    return Continue();
  }
  // Before the empty line; a raw answer has none of ours.
  const bool load = site_.behaviour->load_header && present_ && reply_.head.ends_with("\r\n\r\n");
  if (load) reply_.head.insert(reply_.head.size() - 2, LoadHeader());
  Leave();
  out_ += reply_.head;
  WriteFill();
}

void Connection::WriteFill() {
  const std::uint64_t n = std::min(reply_.fill, kPiece);
  AppendPattern(n, reply_.chunked, out_);
  reply_.fill -= n;
  if (reply_.fill > 0) return Write([](Connection& self) { self.WriteFill(); });
  out_ += reply_.tail;
  if (out_.empty()) EndReply();
  else Write([](Connection& self) { self.EndReply(); });
}

void Connection::EndReply() {
  if (!reply_.control) Add(site_.lane.counters.responses);
  ++answers_;
  if (reply_.end == Reply::End::kEvents) {
    WatchPeer();
    return SendEvent(1);
  }
  const std::uint32_t close_after = site_.behaviour->close_after;
  if (reply_.end == Reply::End::kClose || (close_after > 0 && answers_ >= close_after)) return Drain();
  state_ = reply_.end == Reply::End::kWebSocket ? State::kWebSocket : State::kHead;
  Process();
}

void Connection::SendEvent(std::uint64_t number) {
  if (reply_.event_count > 0 && number > reply_.event_count) {
    out_ += "0\r\n\r\n";
    state_ = State::kHead;
    ++watch_;
    return Write([](Connection& self) { self.Process(); });
  }
  timer_.expires_after(reply_.event_interval);
  timer_.async_wait([self = shared_from_this(), number](const error_code& error) {
    if (error || self->state_ != State::kReplying) return;
    const std::string event = fmt::format("id: {}\ndata: {}\n\n", number, self->site_.site.name());
    self->out_ += fmt::format("{:x}\r\n{}\r\n", event.size(), event);
    self->Write([number](Connection& me) { me.SendEvent(number + 1); });
  });
}

// Half-closes and reads on for a while, so that the peer gets the last bytes before the kernel could send a reset.
void Connection::Drain() {
  state_ = State::kDrain;
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  timer_.expires_after(kDrainTime);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->Abort();
  });
  begin_ = end_;
  Read();
}

void Connection::Reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  Abort();
}

void Connection::Abort() {
  state_ = State::kClosed;
  Leave();
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
}

}  // namespace switchyard::tools::origin
