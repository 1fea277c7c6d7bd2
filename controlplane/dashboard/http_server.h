// HttpServer: HTTPS for the dashboard: HTTP/1.1 over TLS 1.3, keep-alive, and server-sent events.
//
// One thread carries all connections; what may take long runs in the controller's queues (see pages.h). Every response has the security
// headers: a strict Content-Security-Policy (own scripts and styles only, no frames, no forms to elsewhere), nosniff, no referrer, no opener.
// Thread-safety: Stop and the destructor from one thread; the rest from any. After Stop the object must live until the queues are stopped:
// answers under way still come back to it.
// Bounds: kMaxConnections; heads of 16 KiB; bodies of 64 KiB, 8 MiB for those who are logged in; 10 s for the handshake and a head, 60 s idle;
// a watcher that is kMaxFrames behind loses frames. Errors of Open: UNAVAILABLE (cannot bind), INTERNAL (certificate).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/endpoint.h"
#include "common/observe/log.h"
#include "controlplane/dashboard/pages.h"

namespace switchyard::controlplane::dashboard {

inline constexpr std::size_t kMaxConnections = 256;
inline constexpr std::size_t kMaxFrames = 16;

class HttpServer {
 public:
  struct Options {
    Endpoint listen;
    // PEM files, the leaf first.
    std::string certificate_path;
    std::string key_path;
  };
  // `pages` and `log` outlive it. Port 0 takes any free one.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Open(const Options& options, Pages* pages, observe::Log* log);
  virtual ~HttpServer() = default;

  virtual std::uint16_t port() const = 0;
  // Reads the files again; new connections use them.
  virtual absl::Status ReloadCertificate() = 0;
  // Cuts every connection and ends the thread.
  virtual void Stop() = 0;
};

}  // namespace switchyard::controlplane::dashboard
