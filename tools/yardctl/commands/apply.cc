#include <fmt/format.h>

#include "common/base/status.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/commands/read_input.h"

namespace switchyard::tools::yardctl {

ExitCode RunApply(const ApplyOptions& options, const Context& context, std::istream& standard_input) {
  Input input;
  if (const ExitCode exit_code = ReadInput(options.files, context, standard_input, input); exit_code != ExitCode::kOk) return exit_code;
  v1::ApplyRequest request;
  for (const v1::Resource& resource : input.resources()) *request.add_resources() = resource;
  SetChangeOptions(options.change, request);
  v1::ApplyResponse response;
  const grpc::Status status = context.fleet->Apply(NewCall(context, options.change.wait.value_or(Duration(0))).get(), request, &response);
  if (!status.ok()) return ReportChange(context, status, options.change.dry_run, &input);
  ShowWarnings(context, response);
  return ShowChange(context, options.change, response);
}

}  // namespace switchyard::tools::yardctl
