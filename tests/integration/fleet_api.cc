#include "tests/integration/fleet_api.h"

#include <grpcpp/grpcpp.h>

#include "common/rpc/admin_channel.h"
#include "common/rpc/credential_file.h"
#include "common/rpc/proto_time.h"
#include "common/tls/tls13.h"

namespace switchyard::integration {
namespace {

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

FleetApi::FleetApi(const harness::Fleet& fleet) {
  (void)tls::RequireTls13();
  auto credential = rpc::LoadCredential(fleet.directory().Sub("controller/admin.credential"));
  if (credential.ok()) stub_ = v1::FleetService::NewStub(rpc::AdminChannel(*credential));
}

absl::StatusOr<v1::ApplyResponse> FleetApi::Apply(const std::vector<v1::Resource>& resources, Duration wait) {
  if (!stub_) return absl::UnauthenticatedError("no admin credential in the fleet's directory");
  v1::ApplyRequest request;
  request.set_reason("test");
  for (const v1::Resource& resource : resources) *request.add_resources() = resource;
  if (wait > Duration::zero()) *request.mutable_wait() = rpc::ToProto(wait);
  grpc::ClientContext context;
  v1::ApplyResponse response;
  const grpc::Status status = stub_->Apply(&context, request, &response);
  if (!status.ok()) return ToStatus(status);
  return response;
}

absl::StatusOr<v1::AgentsResponse> FleetApi::Agents() {
  if (!stub_) return absl::UnauthenticatedError("no admin credential in the fleet's directory");
  grpc::ClientContext context;
  v1::AgentsResponse response;
  const grpc::Status status = stub_->Agents(&context, v1::AgentsRequest(), &response);
  if (!status.ok()) return ToStatus(status);
  return response;
}

v1::Resource MakeListener(const std::string& name, std::uint16_t port) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_listener()->set_address("127.0.0.1");
  resource.mutable_listener()->set_port(port);
  return resource;
}

v1::Resource MakeRoute(const std::string& name, const std::string& listener, const std::string& upstream) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_route()->add_listeners(listener);
  resource.mutable_route()->mutable_forward()->add_upstreams()->set_upstream(upstream);
  return resource;
}

v1::Resource MakeUpstream(const std::string& name, const std::vector<std::string>& backends) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_upstream();
  for (const std::string& address : backends) resource.mutable_upstream()->add_backends()->set_address(address);
  return resource;
}

}  // namespace switchyard::integration
