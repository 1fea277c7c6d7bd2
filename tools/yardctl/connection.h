// The way to the controller: credential found, loaded, channel made.
//
// Thread-safety: one owner. Cost: no connection is made before the first call.
// Errors: NOT_FOUND lists where a credential was looked for; PERMISSION_DENIED when its file is open to others; INVALID_ARGUMENT when it
// is not one.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "switchyard/v1/fleet.grpc.pb.h"

namespace switchyard::tools::yardctl {

struct Connection {
  std::string address;
  std::unique_ptr<v1::FleetService::Stub> fleet;
};

// Empty strings: as `yardctl --help` says.
absl::StatusOr<Connection> Connect(const std::string& credential_path, const std::string& controller);

}  // namespace switchyard::tools::yardctl
