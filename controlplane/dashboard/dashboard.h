// Dashboard: the fleet on one page, in the controller itself: pages, sessions and HTTPS, wired together.
//
// Thread-safety: Stop and the destructor from one thread; the rest from any. After Stop it must live until the queues in `parts` are stopped.
// Errors of Open: those of HttpServer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/endpoint.h"
#include "controlplane/dashboard/parts.h"
#include "controlplane/identity/peer_identity.h"

namespace switchyard::controlplane::dashboard {

class Dashboard {
 public:
  struct Options {
    Endpoint listen;
    std::string certificate_path;
    std::string key_path;
  };
  static absl::StatusOr<std::unique_ptr<Dashboard>> Open(const Options& options, Parts parts);
  virtual ~Dashboard() = default;

  virtual std::uint16_t port() const = 0;
  // A code that logs `who` in, once.
  virtual std::string MakeLoginCode(const identity::PeerIdentity& who) = 0;
  virtual absl::Status ReloadCertificate() = 0;
  virtual void Stop() = 0;
};

}  // namespace switchyard::controlplane::dashboard
