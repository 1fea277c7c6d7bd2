// ProbeTls: the TLS side of one probe: handshake, what is said, what comes, step by step on a non-blocking descriptor.
//
// Thread-safety: the runner's loop. Errors: the reason, for people, with the word of the Cause that a request would fail with.
#pragma once

#include <memory>
#include <string>

#include "agent/tls/session.h"

namespace switchyard::agent::health {

class ProbeTls {
 public:
  struct Progress {
    enum class Kind : std::uint8_t { kWantRead, kWantWrite, kShaken, kBytes, kEnded, kFailed };
    Kind kind = Kind::kFailed;
    std::size_t bytes = 0;
    std::string reason;
  };

  // Null: out of memory.
  static std::unique_ptr<ProbeTls> Start(const std::shared_ptr<const tls::ClientContext>& context, int fd, WallTime now);
  // Goes on as far as it can without waiting. kShaken: once, when the handshake is done. What was sent is taken off `say`. kBytes: of the
  // answer, in `into`.
  Progress Step(std::string& say, char* into, std::size_t size);
  // What was agreed on (ALPN), after kShaken.
  std::string_view protocol() const { return session_->protocol(); }

 private:
  explicit ProbeTls(std::unique_ptr<tls::Session> session) : session_(std::move(session)) {}

  std::unique_ptr<tls::Session> session_;
  bool shaken_ = false;
};

}  // namespace switchyard::agent::health
