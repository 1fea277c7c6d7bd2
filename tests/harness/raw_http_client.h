// RawHttpClient: one client connection that sends exactly the bytes it is given and reads whole responses.
//
// Thread-safety: one thread. Every call has a deadline. What was received beyond the last response stays for the next call.
// Errors: UNAVAILABLE: reset, or closed in the middle of a response; OUT_OF_RANGE: closed in good order before any byte of it;
// DEADLINE_EXCEEDED: silence; INVALID_ARGUMENT: what came is not an HTTP/1 response. Messages quote what was received.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/harness/http_message.h"
#include "tests/harness/socket.h"

namespace switchyard::harness {

class RawHttpClient {
 public:
  static absl::StatusOr<RawHttpClient> Connect(std::uint16_t port, int receive_buffer = 0);

  // A client whose every call fails, to go on with after a failed Connect.
  static RawHttpClient Unconnected() { return RawHttpClient(Socket()); }

  absl::Status Send(std::string_view bytes, Duration within = kPatience);
  // The next response; 1xx ones count as responses of their own.
  absl::StatusOr<HttpMessage> ReadResponse(bool to_head = false, Duration within = kPatience);
  // Only the head of the next response; its body is read with ReadBytes.
  absl::StatusOr<HttpMessage> ReadResponseHead(Duration within = kPatience);
  // Exactly `count` further bytes.
  absl::StatusOr<std::string> ReadBytes(std::size_t count, Duration within = kPatience);
  // Send and ReadResponse.
  absl::StatusOr<HttpMessage> Exchange(std::string_view bytes, bool to_head = false);
  // OK: the server closed in good order and sent nothing more.
  absl::Status ExpectClose(Duration within = kPatience);
  // Everything up to the close, however it came about.
  std::string ReadToEnd(Duration within = kPatience);

  void ShutdownWrite() { socket_.ShutdownWrite(); }
  void Reset();
  Socket& socket() { return socket_; }

 private:
  explicit RawHttpClient(Socket socket) : socket_(std::move(socket)) {}
  absl::Status Fill(const Deadline& deadline);
  absl::Status ReadBody(BodyFrame frame, HttpMessage& message, const Deadline& deadline);

  Socket socket_;
  std::string buffer_;
};

}  // namespace switchyard::harness
