#include "tools/yardctl/context.h"

#include <fmt/format.h>

#include "common/config/yaml_codec.h"
#include "common/rpc/connect_failure.h"
#include "common/rpc/grpc_status.h"
#include "tools/yardctl/input.h"
#include "tools/yardctl/violations_text.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

struct Meaning {
  ExitCode exit_code;
  std::string text;
};

Meaning Unreached(const Context& context, const std::string& message) {
  const std::string_view remedy = rpc::ConnectRemedy(message);
  if (rpc::IsForeignCa(message)) {
    return {ExitCode::kNotAuthorised, fmt::format("the controller at {} is not the one of this credential: {}", context.address, remedy)};
  }
  return {ExitCode::kUnreachable, fmt::format("cannot reach the controller at {}: {} ({})", context.address, message,
                                              remedy.empty() ? "is it running? see --controller" : remedy)};
}

Meaning MeaningOf(const Context& context, const grpc::Status& status) {
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::OUT_OF_RANGE: return {ExitCode::kRefused, message};
    case grpc::StatusCode::NOT_FOUND: return {ExitCode::kNotFound, message};
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::FAILED_PRECONDITION: return {ExitCode::kConflict, message};
    case grpc::StatusCode::UNAVAILABLE: return Unreached(context, message);
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
  context.err << "yardctl: " << Printable(meaning.text) << '\n';
  return meaning.exit_code;
}

ExitCode ReportChange(const Context& context, const grpc::Status& status, bool dry_run, const Input* input) {
  const ExitCode exit_code = Report(context, status, input);
  const bool lost = status.error_code() == grpc::StatusCode::UNAVAILABLE || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
                    status.error_code() == grpc::StatusCode::CANCELLED;
  if (lost && !dry_run && !rpc::NeverConnected(status.error_message())) {
    context.err << "yardctl: outcome unknown: the change may have been committed; look at `yardctl history`. To apply the same again is safe\n";
  }
  return exit_code;
}

void PrintJson(const Context& context, const google::protobuf::Message& message) {
  std::string text = config::ToJson(message);
  if (text.empty() || text.back() != '\n') text += '\n';
  context.out << text;
}

}  // namespace switchyard::tools::yardctl
