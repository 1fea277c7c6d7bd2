#include "tools/yardctl/context.h"

#include <fmt/format.h>

#include "common/config/yaml_codec.h"
#include "common/rpc/grpc_status.h"
#include "tools/yardctl/input.h"
#include "tools/yardctl/violations_text.h"

namespace switchyard::tools::yardctl {
namespace {

struct Meaning {
  ExitCode exit_code;
  std::string text;
};

Meaning MeaningOf(const Context& context, const grpc::Status& status) {
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::OUT_OF_RANGE: return {ExitCode::kRefused, message};
    case grpc::StatusCode::NOT_FOUND: return {ExitCode::kNotFound, message};
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::FAILED_PRECONDITION: return {ExitCode::kConflict, message};
    case grpc::StatusCode::UNAVAILABLE:
      return {ExitCode::kUnreachable, fmt::format("cannot reach the controller at {}: {} (is it running? see --controller)", context.address, message)};
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {ExitCode::kUnreachable, fmt::format("the controller at {} did not answer in time (see --timeout)", context.address)};
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return {ExitCode::kNotAuthorised, fmt::format("the controller at {} does not accept this credential: {} (see --credential)", context.address, message)};
    default: return {ExitCode::kController, fmt::format("the controller failed: {}", message)};
  }
}

}  // namespace

std::unique_ptr<grpc::ClientContext> NewCall(const Context& context, Duration extra) {
  auto call = std::make_unique<grpc::ClientContext>();
  call->set_deadline(context.clock.WallNow() + context.timeout + extra);
  return call;
}

ExitCode Report(const Context& context, const grpc::Status& status, const Input* input) {
  const Meaning meaning = MeaningOf(context, status);
  v1::Violations violations = rpc::ViolationsOf(status);
  if (violations.violations_size() > 0) {
    if (input != nullptr)
      for (v1::Violation& violation : *violations.mutable_violations()) input->Locate(violation);
    context.err << ViolationsText(violations) << MistakesText(violations);
    return meaning.exit_code;
  }
  context.err << "yardctl: " << meaning.text << '\n';
  return meaning.exit_code;
}

void PrintJson(const Context& context, const google::protobuf::Message& message) {
  std::string text = config::ToJson(message);
  if (text.empty() || text.back() != '\n') text += '\n';
  context.out << text;
}

}  // namespace switchyard::tools::yardctl
