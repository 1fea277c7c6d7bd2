// ServerContext: everything that a listener's handshakes need: certificates by name, versions, ciphers, ALPN, client CAs, tickets.
//
// Immutable and shared by all workers. Sessions hold what they need of it, so a new context (a rotated certificate) touches none of them.
//
// Ciphers: TLS 1.3's own; for TLS 1.2 ECDHE with AES-GCM or ChaCha20 only (Mozilla's "intermediate", 2024, without DHE). Groups: X25519,
// P-256, P-384. No renegotiation, no compression, no early data.
//
// Choice of certificate: those with the exact name of the SNI, else those with a wildcard for it, else the first one.
// Thread-safety: any thread. Cost: building takes parsing and one key check per certificate; a choice takes two hash look-ups.
// Errors: INVALID_ARGUMENT that says which certificate and why.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "agent/tls/options.h"
#include "agent/tls/ticket_keys.h"

namespace switchyard::agent::tls {

class ServerContext {
 public:
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Build(const ServerOptions& options, std::shared_ptr<const TicketKeyRing> tickets);
  virtual ~ServerContext() = default;
};

}  // namespace switchyard::agent::tls
