// Enrolment: trades tokens for certificates, and old certificates for new ones. What AgentService.Enroll and Renew do, without the RPC.
//
// Order of Enroll: token looked at (strangers get no further), node name and request checked, certificate made, one use taken and the enrolment recorded by
// one write to the disk, certificate given. So a refused request costs no use, and no certificate leaves without a use taken and a record of it.
//
// A name that is enrolled already may be enrolled again by whoever holds a usable token: the operator's token is the authority on who may
// join, and hosts are rebuilt within the life of a certificate. It is recorded (count, token, fingerprint), and `replaced` tells the
// caller to log it. The earlier certificate stays valid until it ends (24 h): there is no revocation list; the newer stream of a node ends
// the older. Renewal is for the same name only, taken from the certificate, never from the request.
//
// Thread-safety: every method from any thread. Bounds: kMaxNodes names are recorded. When one more is needed, names whose newest certificate
// ended kForgetAfter ago or earlier are forgotten (hosts of a fleet that scales come and go); if none is: RESOURCE_EXHAUSTED, and no use is taken.
// Errors: INVALID_ARGUMENT (node name, request), UNAUTHENTICATED (token), PERMISSION_DENIED (renewal by another role), the store's.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/identity/authority.h"
#include "controlplane/identity/gate.h"
#include "controlplane/identity/refusals.h"
#include "controlplane/identity/tokens.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::identity {

inline constexpr std::size_t kMaxNodes = 100000;
inline constexpr Duration kForgetAfter = std::chrono::hours(7 * 24);

struct Enrolled {
  v1::EnrollResponse response;
  std::string token_id;
  // The name was enrolled before, and its last certificate from an enrolment has not ended yet.
  bool replaced = false;
};

class Enrolment {
 public:
  // All must outlive the enrolment.
  Enrolment(const Authority& authority, Tokens& tokens, store::Store& store, const Clock& clock, RefusalCounters& refusals,
            std::size_t max_nodes = kMaxNodes);

  absl::StatusOr<Enrolled> Enroll(const v1::EnrollRequest& request);
  // The new end is recorded; if the store fails the certificate is given all the same.
  absl::StatusOr<v1::RenewResponse> Renew(const PeerIdentity& peer, const v1::RenewRequest& request);
  // Nodes whose newest certificate has not ended, that of the latest end first.
  struct Node {
    std::string name;
    WallTime not_after;
  };
  absl::StatusOr<std::vector<Node>> Nodes() const;

 private:
  struct Known {
    std::uint64_t revision = 0;
    std::uint64_t count = 0;
    WallTime not_after;
    std::string token_id;
  };
  absl::StatusOr<Known> Find(const std::string& node) const;
  void RecordRenewal(const std::string& node, const tls::Certificate& certificate);
  absl::Status CheckRoom(const Known& known);
  absl::Status ForgetTheGone();

  const Authority& authority_;
  Tokens& tokens_;
  store::Store& store_;
  const Clock& clock_;
  RefusalCounters& refusals_;
  const std::size_t max_nodes_;
  std::mutex mutex_;
  // Names recorded; counted at the first need.
  std::optional<std::size_t> nodes_;
};

}  // namespace switchyard::controlplane::identity
