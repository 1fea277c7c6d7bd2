#include "tests/harness/raw_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <mutex>
#include <thread>

#include "common/base/status.h"

namespace switchyard::harness {
namespace {

constexpr std::size_t kMaxConnections = 256;
constexpr std::size_t kMaxRecord = std::size_t{64} << 20;

// What the connections of one backend saw.
class Record {
 public:
  void Bytes(std::size_t connection, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes_.size() <= connection) bytes_.resize(connection + 1);
    if (bytes_[connection].size() + bytes.size() <= kMaxRecord) bytes_[connection] += bytes;
  }
  void Request(const HttpMessage& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  std::string AllBytes() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const std::string& part : bytes_) out += part;
    return out;
  }
  std::vector<HttpMessage> Requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  void Clear() {
    const std::lock_guard lock(mutex_);
    bytes_.clear();
    requests_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> bytes_;
  std::vector<HttpMessage> requests_;
};

class Connection final : public BackendConnection {
 public:
  Connection(Socket socket, std::size_t index, Record& record) : socket_(std::move(socket)), index_(index), record_(record) {}

  std::size_t index() const override { return index_; }

  absl::StatusOr<HttpMessage> ReadHead(Duration within) override {
    auto message = TakeHead(Deadline(within));
    if (message.ok()) record_.Request(*message);
    return message;
  }

  absl::StatusOr<HttpMessage> ReadRequest(Duration within) override {
    const Deadline deadline(within);
    auto message = TakeHead(deadline);
    if (!message.ok()) return message;
    const BodyFrame frame = FrameOfRequest(*message);
    for (;;) {
      auto whole = TakeBody(frame, *message);
      if (!whole.ok()) return whole.status();
      if (*whole) break;
      if (const absl::Status status = Fill(deadline); !status.ok()) return status;
    }
    record_.Request(*message);
    unfinished_ = buffer_.size();
    return message;
  }

  absl::StatusOr<std::string> ReadBytes(std::size_t count, Duration within) override {
    const Deadline deadline(within);
    while (buffer_.size() < count) {
      if (const absl::Status status = Fill(deadline); !status.ok()) return status;
    }
    std::string out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
  }

  bool PeerCloses(Duration within) override {
    const Deadline deadline(within);
    for (;;) {
      const absl::Status status = Fill(deadline);
      if (!status.ok()) return status.code() != absl::StatusCode::kDeadlineExceeded;
    }
  }

  absl::Status Write(std::string_view bytes, Duration within) override { return socket_.Write(bytes, Deadline(within)); }
  void ShutdownWrite() override { socket_.ShutdownWrite(); }
  void Reset() override { socket_.ResetOnClose(); }
  void Wake() { socket_.ShutdownBoth(); }
  void Close() { socket_.Close(); }
  bool Quiet() {
    const std::lock_guard lock(reading_);
    return unfinished_.load() == 0 && !socket_.WaitReadable(Deadline(Duration::zero())).ok();
  }

 private:
  absl::Status Fill(const Deadline& deadline) {
    if (const absl::Status status = socket_.WaitReadable(deadline); !status.ok()) return status;
    const std::lock_guard lock(reading_);
    auto bytes = socket_.Read(deadline);
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) return buffer_.empty() ? absl::OutOfRangeError("closed") : absl::UnavailableError("closed in the middle");
    record_.Bytes(index_, *bytes);
    buffer_ += *bytes;
    unfinished_ = buffer_.size();
    return absl::OkStatus();
  }

  absl::StatusOr<HttpMessage> TakeHead(const Deadline& deadline) {
    auto length = HeadLength(buffer_);
    for (; !length; length = HeadLength(buffer_)) {
      if (const absl::Status status = Fill(deadline); !status.ok()) return status;
    }
    auto message = ParseHead(std::string_view(buffer_).substr(0, *length));
    if (message.ok()) buffer_.erase(0, *length);
    return message;
  }

  absl::StatusOr<bool> TakeBody(BodyFrame frame, HttpMessage& message) {
    if (frame.kind == BodyKind::kChunked) {
      auto taken = TakeChunked(buffer_, message);
      if (!taken.ok()) return taken.status();
      if (*taken) buffer_.erase(0, **taken);
      return taken->has_value();
    }
    if (buffer_.size() < frame.length) return false;
    message.body = buffer_.substr(0, frame.length);
    buffer_.erase(0, frame.length);
    return true;
  }

  Socket socket_;
  const std::size_t index_;
  Record& record_;
  std::string buffer_;
  // Held while bytes move from the socket to the records.
  std::mutex reading_;
  // Bytes of a request that is not whole yet.
  std::atomic<std::size_t> unfinished_{0};
};

}  // namespace

struct RawBackend::State {
  // One connection and the thread that handles it.
  struct Handled {
    std::unique_ptr<Connection> connection;
    std::thread thread;
    bool over = false;
  };

  Socket listening;
  std::uint16_t port = 0;
  Record record;
  mutable std::mutex mutex;
  Handler handler;
  std::list<Handled> handled;
  std::size_t accepted = 0;
  std::size_t open = 0;
  bool stopping = false;
  std::thread acceptor;

  void AcceptLoop();
  void Adopt(Socket socket);
  void Handle(Handled& entry, const Handler& with);
  void Reap();
};

void RawBackend::State::AcceptLoop() {
  for (;;) {
    auto socket = listening.Accept(Deadline(std::chrono::hours(1)));
    if (socket.ok()) {
      Adopt(*std::move(socket));
      continue;
    }
    if (socket.status().code() == absl::StatusCode::kCancelled) return;
  }
}

void RawBackend::State::Adopt(Socket socket) {
  const std::lock_guard lock(mutex);
  Reap();
  if (stopping || open >= kMaxConnections) return;
  ++open;
  Handled& entry = handled.emplace_back();
  entry.connection = std::make_unique<Connection>(std::move(socket), accepted++, record);
  entry.thread = std::thread([this, &entry, with = handler] { Handle(entry, with); });
}

void RawBackend::State::Handle(Handled& entry, const Handler& with) {
  with(*entry.connection);
  const std::lock_guard lock(mutex);
  entry.connection->Close();
  entry.over = true;
  --open;
}

// Joins the threads whose handlers have returned. REQUIRES: mutex held. A thread sets `over` under the mutex as its last act,
// so the join is immediate.
void RawBackend::State::Reap() {
  for (auto it = handled.begin(); it != handled.end();) {
    if (!it->over) {
      ++it;
      continue;
    }
    it->thread.join();
    it = handled.erase(it);
  }
}

RawBackend::Handler RawBackend::Answering(std::string name) {
  return [name = std::move(name)](BackendConnection& connection) {
    for (;;) {
      auto request = connection.ReadRequest(std::chrono::minutes(10));
      if (!request.ok()) return;
      const std::string body = request->start_line.starts_with("HEAD ") ? "" : name + " " + request->start_line;
      const std::string answer =
          fmt::format("HTTP/1.1 200 OK\r\nx-backend: {}\r\ncontent-length: {}\r\n\r\n{}", name, name.size() + 1 + request->start_line.size(), body);
      if (!connection.Write(answer).ok()) return;
    }
  };
}

RawBackend::Handler RawBackend::Scripted(std::vector<std::string> answers) {
  return [answers = std::move(answers)](BackendConnection& connection) {
    for (const std::string& answer : answers) {
      if (!connection.ReadRequest(std::chrono::minutes(10)).ok()) return;
      if (!connection.Write(answer).ok()) return;
    }
  };
}

RawBackend::RawBackend(Handler handler) : state_(std::make_unique<State>()) {
  auto socket = Socket::ListenLoopback();
  if (!socket.ok()) {
    std::fprintf(stderr, "backend: %s\n", std::string(Message(socket.status())).c_str());
    std::abort();
  }
  state_->listening = *std::move(socket);
  state_->port = state_->listening.port();
  state_->handler = std::move(handler);
  state_->acceptor = std::thread([this] { state_->AcceptLoop(); });
}

RawBackend::~RawBackend() {
  StopListening();
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (State::Handled& entry : state_->handled) {
      if (!entry.over) entry.connection->Wake();
    }
  }
  for (State::Handled& entry : state_->handled) entry.thread.join();
}

std::uint16_t RawBackend::port() const { return state_->port; }
std::string RawBackend::address() const { return fmt::format("127.0.0.1:{}", state_->port); }

void RawBackend::SetHandler(Handler handler) {
  const std::lock_guard lock(state_->mutex);
  state_->handler = std::move(handler);
}

std::size_t RawBackend::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->accepted;
}

std::size_t RawBackend::open() const {
  const std::lock_guard lock(state_->mutex);
  return state_->open;
}

std::string RawBackend::SeenBytes() const { return state_->record.AllBytes(); }
std::vector<HttpMessage> RawBackend::SeenRequests() const { return state_->record.Requests(); }
bool RawBackend::Quiet() const {
  const std::lock_guard lock(state_->mutex);
  return std::all_of(state_->handled.begin(), state_->handled.end(), [](const State::Handled& h) { return h.over || h.connection->Quiet(); });
}
void RawBackend::Clear() { state_->record.Clear(); }

void RawBackend::StopListening() {
  if (!state_->acceptor.joinable()) return;
  state_->listening.ShutdownBoth();
  state_->acceptor.join();
  state_->listening.Close();
}

}  // namespace switchyard::harness
