// TLS 1.3 as the floor of the whole process, for gRPC, whose version in Debian 12 (1.51) has no setting for it.
//
// How: OpenSSL applies the `system_default` section of its configuration to every SSL_CTX it makes. We load a configuration from memory
// whose section says `Protocol = -ALL,TLSv1.3`. That sets the SSL_OP_NO_* options, which gRPC's own call for a minimum of TLS 1.2 does
// not undo. Source: OpenSSL 3.0 config(5) "SSL Configuration", SSL_CONF_cmd(3).
//
// Thread-safety: call it first thing in `main`, before threads and before any channel or server. Later calls do nothing.
// Effect: process-wide, client and server contexts alike; contexts made before keep what they had.
#pragma once

#include "absl/status/status.h"

namespace switchyard::tls {

// INTERNAL when OpenSSL refuses the configuration; the program must not go on then.
absl::Status RequireTls13();

}  // namespace switchyard::tls
