// RawBackend: a TCP server inside the test that records exactly what it saw and answers exactly what it is told.
//
// Each connection runs its handler on its own thread. The usual handler, `Answering`, reads whole requests and answers each; a test gives
// its own to lie about lengths, reset, stall or speak nonsense. Handlers return when the connection is over.
//
// Thread-safety: the public methods of RawBackend from any thread; BackendConnection belongs to its handler's thread.
// Bounds: at most 256 connections at a time (more are closed at once); recording stops at 64 MiB per connection.
// End: the destructor shuts every connection down, which wakes each handler's blocking call with an error, and joins the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/harness/http_message.h"
#include "tests/harness/socket.h"

namespace switchyard::harness {

class BackendConnection {
 public:
  virtual ~BackendConnection() = default;
  // 0 for the first connection of this backend.
  virtual std::size_t index() const = 0;
  // The next whole request, body decoded. OUT_OF_RANGE: the peer closed between requests. Else an error as in Socket.
  virtual absl::StatusOr<HttpMessage> ReadRequest(Duration within = kPatience) = 0;
  // Only its head.
  virtual absl::StatusOr<HttpMessage> ReadHead(Duration within = kPatience) = 0;
  // Exactly `count` further bytes.
  virtual absl::StatusOr<std::string> ReadBytes(std::size_t count, Duration within = kPatience) = 0;
  // True when the peer closes (or resets) within the time, whatever it still sends.
  virtual bool PeerCloses(Duration within = kPatience) = 0;
  virtual absl::Status Write(std::string_view bytes, Duration within = kPatience) = 0;
  virtual void ShutdownWrite() = 0;
  // Ends the connection by RST.
  virtual void Reset() = 0;
};

class RawBackend {
 public:
  using Handler = std::function<void(BackendConnection&)>;

  // Answers every request with 200, `x-backend: <name>`, and `name` and the request line as body.
  static Handler Answering(std::string name = "backend");
  // Reads one request per answer and writes these bytes for it; closes when they are used up.
  static Handler Scripted(std::vector<std::string> answers);

  explicit RawBackend(Handler handler = Answering());
  ~RawBackend();

  std::uint16_t port() const;
  std::string address() const;  // 127.0.0.1:port
  // For connections to come.
  void SetHandler(Handler handler);

  // Connections accepted so far.
  std::size_t connections() const;
  // Connections open now.
  std::size_t open() const;
  // All bytes of all connections since the last Clear, in order of connection.
  std::string SeenBytes() const;
  // Whole requests that ReadRequest or ReadHead returned since the last Clear, in order of arrival.
  std::vector<HttpMessage> SeenRequests() const;
  void Clear();
  // True when no connection has bytes (or a close) that its handler did not read yet, or an unfinished request: everything that was sent
  // before is in the records.
  bool Quiet() const;
  // Stops listening, so that connects are refused. Open connections stay.
  void StopListening();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard::harness
