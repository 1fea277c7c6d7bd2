// GrpcLink: the ControllerLink over gRPC: TLS 1.3, both sides with certificates, keepalive, one HTTP/2 connection per link.
//
// The controller's certificate is checked against the CA that came with enrolment and for the name `controller.switchyard`, whatever address
// it is reached by. Each Open makes a new connection with the identity of that moment, so that a renewed certificate is used from the next
// connection on while the present one stays.
//
// Thread-safety: loop thread only; gRPC's own threads hand their events to the loop. The destructor waits until gRPC has let go of every
// stream, so the loop may be destroyed after it. Bounds: one stream and one Renew under way per link; messages up to
// common/rpc/transport_limits.h. Errors: gRPC's, with what to do about the known ones.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/config/controller_link.h"
#include "agent/config/identity_files.h"
#include "common/base/loop.h"

namespace switchyard::agent::config {

// The name in every controller's certificate.
inline constexpr char kControllerServerName[] = "controller.switchyard";

class GrpcLinkFactory final : public ControllerLinkFactory {
 public:
  // `addresses`: HOST:PORT each, tried in turn; at least one. `loop` and `clock` must outlive the factory and its links.
  GrpcLinkFactory(Loop& loop, const Clock& clock, std::vector<std::string> addresses);
  // REQUIRES: every link is gone.
  ~GrpcLinkFactory() override;
  GrpcLinkFactory(const GrpcLinkFactory&) = delete;
  GrpcLinkFactory& operator=(const GrpcLinkFactory&) = delete;

  // What the next connection shows. Before the first Open, and after each renewal.
  void SetIdentity(Identity identity) { identity_ = std::move(identity); }
  const Identity& identity() const { return identity_; }

  absl::StatusOr<std::unique_ptr<ControllerLink>> Open(LinkEvents events) override;

  // Counts the streams that gRPC still holds.
  class Alive;

 private:
  Loop& loop_;
  const Clock& clock_;
  const std::vector<std::string> addresses_;
  std::size_t next_ = 0;
  Identity identity_;
  std::shared_ptr<Alive> alive_;
};

}  // namespace switchyard::agent::config
