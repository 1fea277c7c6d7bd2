// Socket: a loopback TCP connection or listening socket with deadlines, for tests that care about exact bytes.
//
// Blocking calls that always end: each takes a deadline. Nagle is off. Thread-safety: one thread, except Abort and ShutdownBoth, which
// any thread may call to wake a blocked reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/harness/deadline.h"

namespace switchyard::harness {

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { Close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;

  // `receive_buffer`: bytes, 0 for the kernel's choice. A small one makes a reader that does not read felt soon; it must be there before the
  // connection is, because the window that was offered once is not taken back.
  static absl::StatusOr<Socket> ConnectLoopback(std::uint16_t port, Duration within = kPatience, int receive_buffer = 0);
  // Listens on 127.0.0.1, on a port that the kernel picks.
  static absl::StatusOr<Socket> ListenLoopback();
  // CANCELLED when the listening socket was shut down; DEADLINE_EXCEEDED otherwise.
  absl::StatusOr<Socket> Accept(const Deadline& deadline);

  bool valid() const { return fd_ >= 0; }
  std::uint16_t port() const;
  // UNAVAILABLE when the peer reset or closed.
  absl::Status Write(std::string_view bytes, const Deadline& deadline);
  // One read of at most 64 KiB. Empty: the peer closed in good order. UNAVAILABLE: it reset. DEADLINE_EXCEEDED: silence.
  absl::StatusOr<std::string> Read(const Deadline& deadline);
  // OK: Read will not block. DEADLINE_EXCEEDED otherwise.
  absl::Status WaitReadable(const Deadline& deadline);
  // Sends FIN; reading goes on.
  void ShutdownWrite();
  // Wakes every blocked call, on any thread.
  void ShutdownBoth();
  // Makes the next Close send RST.
  void ResetOnClose();
  void Close();

 private:
  int fd_ = -1;
};

// Holds a loopback port for someone else to listen on: it is bound with SO_REUSEPORT and never listens, so the kernel gives it to nobody
// by chance while an agent (which binds with SO_REUSEPORT too) may take it.
class ReservedPort {
 public:
  ReservedPort();
  std::uint16_t port() const { return port_; }

 private:
  Socket socket_;
  std::uint16_t port_ = 0;
};

}  // namespace switchyard::harness
