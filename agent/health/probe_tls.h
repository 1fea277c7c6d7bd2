// ProbeTls: the TLS side of one HTTP probe: handshake, request, answer, step by step on a non-blocking descriptor.
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
    enum class Kind : std::uint8_t { kWantRead, kWantWrite, kBytes, kFailed };
    Kind kind = Kind::kFailed;
    std::size_t bytes = 0;
    std::string reason;
  };

  // Null: out of memory. `request` is sent once the handshake is done.
  static std::unique_ptr<ProbeTls> Start(const std::shared_ptr<const tls::ClientContext>& context, int fd, WallTime now, std::string request);
  // Goes on as far as it can without waiting. kBytes: of the answer, in `into`.
  Progress Step(char* into, std::size_t size);

 private:
  ProbeTls(std::unique_ptr<tls::Session> session, std::string request) : session_(std::move(session)), request_(std::move(request)) {}

  std::unique_ptr<tls::Session> session_;
  std::string request_;
  std::size_t sent_ = 0;
  bool shaken_ = false;
};

}  // namespace switchyard::agent::health
