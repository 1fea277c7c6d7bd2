// Who is calling, as the certificate says. Thread-safety: a value.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/tls/spiffe_id.h"

namespace switchyard::controlplane::identity {

struct PeerIdentity {
  tls::Role role = tls::Role::kAgent;
  // Node of an agent, name of a person or program.
  std::string name;
  WallTime not_after;
  // SHA-256 of the certificate's DER form, raw.
  std::string fingerprint;
};

}  // namespace switchyard::controlplane::identity
