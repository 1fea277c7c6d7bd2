// Gate: the one door of the controller. Every call passes here before any handler runs; what no rule allows is refused.
//
// Rules: `AgentService.Enroll` is open (a join token decides there); every other AgentService method needs a certificate of role agent;
// every FleetService method needs role viewer, operator or admin, each including the ones before; anything else is refused. A certificate must be
// signed by the fleet's CA, for client use,
// valid now, and name its holder by a SPIFFE URI of the fleet's trust domain. The handshake itself has proved possession of the private
// key. Refusals: UNAUTHENTICATED (who are you?) or PERMISSION_DENIED (not with this role, or no such method), with the reason in words and
// a counter.
//
// A stream is judged when it opens. It may outlive its certificate: a session that renews stays up, and the session's owner must end one
// whose holder has not renewed in time (`PeerIdentity::not_after`, then what Renew issued).
//
// Thread-safety: every method from any thread. Cost: a hash of the PEM for a certificate seen before, about 200 us otherwise; at most
// kMaxKnown certificates are remembered (the signature only: time is checked at every call), then it starts afresh.
#pragma once

#include <grpcpp/security/auth_metadata_processor.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/certificate.h"
#include "common/tls/spiffe_id.h"
#include "controlplane/identity/peer_identity.h"
#include "controlplane/identity/refusals.h"

namespace grpc {
class ServerContextBase;
}  // namespace grpc

namespace switchyard::controlplane::identity {

class Credentials;

class Gate final : public grpc::AuthMetadataProcessor {
 public:
  // All references must outlive the gate, which gRPC keeps as long as the server. `credentials` null: none is revoked.
  Gate(tls::Certificate ca, std::string trust_domain, const Clock& clock, RefusalCounters& refusals, const Credentials* credentials = nullptr);
  ~Gate() override;

  // Judges in the calling thread.
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata* consumed,
                       OutputMetadata* response) override;

 private:
  class Judge;
  std::unique_ptr<Judge> judge_;
};

// The caller of a call that passed the gate. UNAUTHENTICATED for one without a certificate (Enroll). Cost: about 20 us.
absl::StatusOr<PeerIdentity> PeerOf(const grpc::ServerContextBase& context);

}  // namespace switchyard::controlplane::identity
