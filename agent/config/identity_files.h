// IdentityFiles: who this agent is, kept in its data directory.
//
//   key.pem          private key, ECDSA P-256, mode 0600; made here, never leaves the host
//   certificate.pem  leaf and intermediates, as the controller issued them
//   ca.pem           what the controller is trusted by
//
// Each is replaced atomically (atomic_file.h). The key is written first and the certificate last, and the key stays the same over renewals,
// so that a kill at any point leaves either a whole identity or one that counts as not there yet, with its key to be used again.
//
// Thread-safety: one writer. Cost: fsyncs; off the request path, on a thread that may wait. Bounds: 64 KiB per file.
// Errors: NOT_FOUND when the agent has not enrolled (which file is missing); FAILED_PRECONDITION when the files do not belong together or
// the key is readable by others, with what to do.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace switchyard::agent::config {

struct Identity {
  std::string key_pem;
  std::string certificate_pem;
  std::string ca_pem;
  // From the certificate.
  std::string node;
  std::string trust_domain;
  WallTime not_before{};
  WallTime not_after{};
};

// Fills in what the certificate says. INVALID_ARGUMENT: not a certificate of an agent, or of another key.
absl::StatusOr<Identity> MakeIdentity(std::string key_pem, std::string certificate_pem, std::string ca_pem);

absl::StatusOr<Identity> LoadIdentity(const std::string& directory);
absl::Status SaveIdentity(const std::string& directory, const Identity& identity);
// The key in the directory, or a new one that has been written there.
absl::StatusOr<std::string> LoadOrMakeKey(const std::string& directory);

}  // namespace switchyard::agent::config
