// TransportLayer: what may stand between a Socket and its descriptor: TLS. Implemented in agent/tls, so that the loop knows no OpenSSL.
//
// Never blocks and never waits: it says what would have to be waited for, and the Socket does that. Thread-safety: its worker.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace switchyard::agent::loop {

struct IoResult {
  enum class Kind : std::uint8_t { kOk, kWouldBlock, kEnd, kError };
  Kind kind = Kind::kOk;
  std::size_t bytes = 0;
};

class TransportLayer {
 public:
  enum class Step : std::uint8_t { kDone, kWantRead, kWantWrite, kFailed };

  virtual ~TransportLayer() = default;

  // One step of the handshake. After kDone bytes may flow; after kFailed nothing may.
  virtual Step Handshake() = 0;
  // As Socket's. A write that would block must be repeated with the same bytes in front; there may be more of them.
  virtual IoResult Read(char* into, std::size_t size) = 0;
  virtual IoResult Write(std::span<const iovec> pieces) = 0;
  // Bytes may be at hand that the descriptor does not show as readable any more. False once a Read said kWouldBlock.
  virtual bool HasPending() const = 0;
  // The last Read or step of the handshake looked at the descriptor and took all that it had, unless its end has come.
  virtual bool Emptied() const = 0;
  // What the last Read (Write) that would block waits for is the descriptor's other direction.
  virtual bool read_wants_write() const = 0;
  virtual bool write_wants_read() const = 0;
  // As Socket's.
  virtual bool Quiet() = 0;
  // Says that we send no more, as far as the kernel takes it at once.
  virtual void Shutdown() = 0;
  // What the two sides agreed on by ALPN; empty: nothing.
  virtual std::string_view protocol() const = 0;
  // The peer's verified certificate in the form of `X-Forwarded-Client-Cert`; empty: it has none.
  virtual std::string_view peer_certificate() const = 0;
};

}  // namespace switchyard::agent::loop
