#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/commands/read_input.h"

namespace switchyard::tools::yardctl {
namespace {

ExitCode AddNamed(const DeleteOptions& options, const Context& context, v1::DeleteRequest& request) {
  const v1::Kind kind = config::ParseKind(options.kind);
  if (kind == v1::KIND_UNSPECIFIED) {
    context.err << fmt::format("yardctl: `{}` is not a kind; kinds are listener, route, upstream and secret\n", options.kind);
    return ExitCode::kUsage;
  }
  for (const std::string& name : options.names) {
    v1::ResourceKey* key = request.add_keys();
    key->set_kind(kind);
    key->set_name(name);
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunDelete(const DeleteOptions& options, const Context& context, std::istream& standard_input) {
  if (options.files.empty() == options.names.empty()) {
    context.err << "yardctl: delete takes either KIND NAME... or -f FILE\n";
    return ExitCode::kUsage;
  }
  Input input;
  v1::DeleteRequest request;
  ExitCode exit_code = ExitCode::kOk;
  if (options.names.empty()) {
    exit_code = ReadInput(options.files, context, standard_input, input);
    for (const v1::Resource& resource : input.resources()) *request.add_keys() = config::KeyOf(resource);
  } else {
    exit_code = AddNamed(options, context, request);
  }
  if (exit_code != ExitCode::kOk) return exit_code;
  SetChangeOptions(options.change, request);
  v1::DeleteResponse response;
  const grpc::Status status = context.fleet->Delete(NewCall(context, options.change.wait.value_or(Duration(0))).get(), request, &response);
  if (!status.ok()) return ReportChange(context, status, options.change.dry_run, &input);
  return ShowChange(context, options.change, response);
}

}  // namespace switchyard::tools::yardctl
