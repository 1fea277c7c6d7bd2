#include "tools/yardctl/connection.h"

#include <grpcpp/channel.h>

#include "common/rpc/admin_channel.h"
#include "common/rpc/credential_file.h"
#include "common/tls/tls13.h"

namespace switchyard::tools::yardctl {

absl::StatusOr<Connection> Connect(const std::string& credential_path, const std::string& controller) {
  const absl::StatusOr<std::string> path = rpc::FindCredential(rpc::SystemCredentialPlaces(credential_path));
  if (!path.ok()) return path.status();
  absl::StatusOr<rpc::Credential> credential = rpc::LoadCredential(*path);
  if (!credential.ok()) return credential.status();
  if (!controller.empty()) credential->address = controller;
  if (absl::Status status = tls::RequireTls13(); !status.ok()) return status;
  return Connection{credential->address, v1::FleetService::NewStub(rpc::AdminChannel(*credential))};
}

}  // namespace switchyard::tools::yardctl
