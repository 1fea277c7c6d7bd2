#include "agent/config/enrolment.h"

#include <utility>

#include "agent/config/grpc_link.h"
#include "common/base/host_port.h"
#include "common/base/status.h"
#include "common/rpc/transport_limits.h"
#include "common/tls/certificate_request.h"
#include "common/tls/key_pair.h"
#include "common/tls/pinned_ca.h"
#include "common/tls/sha256.h"
#include "fmt/format.h"
#include "grpcpp/grpcpp.h"
#include "switchyard/v1/agent.grpc.pb.h"

namespace switchyard::agent::config {
namespace {

absl::StatusOr<v1::EnrollResponse> CallEnroll(const EnrolmentRequest& request, const std::string& ca_pem, const std::string& csr_pem) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ca_pem;
  grpc::ChannelArguments arguments;
  rpc::ApplyClientLimits(arguments);
  arguments.SetSslTargetNameOverride(kControllerServerName);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(request.controller, grpc::SslCredentials(tls), arguments);
  const auto stub = v1::AgentService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(request.timeout.count(), GPR_TIMESPAN)));
  v1::EnrollRequest question;
  question.set_token(request.token.text);
  question.set_csr_pem(csr_pem);
  question.set_node(request.node);
  v1::EnrollResponse response;
  const grpc::Status status = stub->Enroll(&context, question, &response);
  if (!status.ok()) return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  return response;
}

}  // namespace

absl::StatusOr<Identity> Enrol(const EnrolmentRequest& request) {
  const absl::StatusOr<HostPort> controller = ParseHostPort(request.controller);
  if (!controller.ok()) return Annotate(controller.status(), "controller");
  const std::string pin = switchyard::tls::FromHex(request.token.ca_pin, switchyard::tls::kSha256Bytes);
  const absl::StatusOr<std::string> ca = switchyard::tls::FetchPinnedCa(controller->host, controller->port, pin, request.timeout);
  if (!ca.ok()) return Annotate(ca.status(), "controller's CA");
  absl::StatusOr<std::string> key_pem = LoadOrMakeKey(request.data_directory);
  if (!key_pem.ok()) return key_pem.status();
  const absl::StatusOr<switchyard::tls::KeyPair> key = switchyard::tls::KeyPair::FromPem(*key_pem);
  if (!key.ok()) return key.status();
  const absl::StatusOr<std::string> csr = switchyard::tls::MakeCertificateRequest(*key, request.node);
  if (!csr.ok()) return csr.status();
  const absl::StatusOr<v1::EnrollResponse> response = CallEnroll(request, *ca, *csr);
  if (!response.ok()) return Annotate(response.status(), fmt::format("join token {}", request.token.id));
  absl::StatusOr<Identity> identity = MakeIdentity(*std::move(key_pem), response->certificate_pem(), response->ca_pem());
  if (!identity.ok()) return Annotate(identity.status(), "the controller's answer");
  if (absl::Status saved = SaveIdentity(request.data_directory, *identity); !saved.ok()) return saved;
  return identity;
}

bool WorthAnotherTry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted: return true;
    default: return false;
  }
}

}  // namespace switchyard::agent::config
