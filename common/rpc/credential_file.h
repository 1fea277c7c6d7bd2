// The admin credential: one file with everything that a client of FleetService needs. Whoever holds it may change the fleet.
//
// Text, so that people can see what it is: a version line, `address: host:port`, `server-name: name`, then three PEM parts under the
// lines `ca:`, `certificate:` and `key:`. Mode 0600 (see common/tls/private_file.h); a file that others may read is refused.
//
// Where it is looked for, first hit wins: the `--credential` flag; $YARDCTL_CREDENTIAL; `~/.config/switchyard/credential`; the
// controller's default data directory on this machine (`/var/lib/switchyard/controller/admin.credential` for root, and
// `$XDG_STATE_HOME or ~/.local/state` + `/switchyard/controller/admin.credential` for everyone).
//
// Thread-safety: pure functions. Bounds: at most 64 KiB. Errors: as private_file.h; INVALID_ARGUMENT names the line and what was expected.
// Parsing never crashes on any input and never quotes a key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace switchyard::rpc {

inline constexpr std::size_t kMaxCredentialBytes = 64 * 1024;
// The name that the controller's certificate always has; clients check for it whatever address they dial.
inline constexpr std::string_view kControllerServerName = "controller.switchyard";

struct Credential {
  // `host:port` to dial.
  std::string address;
  std::string server_name{kControllerServerName};
  std::string ca_pem;
  // Leaf first.
  std::string certificate_pem;
  std::string key_pem;
};

std::string FormatCredential(const Credential& credential);
absl::StatusOr<Credential> ParseCredential(std::string_view text);

absl::StatusOr<Credential> LoadCredential(const std::string& path);
absl::Status SaveCredential(const std::string& path, const Credential& credential);

// What FindCredential asks of its surroundings, so that tests can give it others.
struct CredentialPlaces {
  // Empty: not given.
  std::string flag;
  std::string environment;
  // Tried in order when neither is given.
  std::vector<std::string> defaults;
};
// From $YARDCTL_CREDENTIAL, $HOME, $XDG_CONFIG_HOME, $XDG_STATE_HOME and the user.
CredentialPlaces SystemCredentialPlaces(std::string flag);

// The path to use. A flag or variable is taken at its word; NOT_FOUND lists every place that was tried and says how to get a credential.
absl::StatusOr<std::string> FindCredential(const CredentialPlaces& places);

// The controller's default data directory for this user, as above.
std::string DefaultControllerDirectory();

}  // namespace switchyard::rpc
