#include <fmt/format.h>

#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {

ExitCode RunLogs(const LogsOptions& options, const Context& context) {
  v1::SetLogLevelRequest request;
  request.mutable_nodes()->Assign(options.agents.begin(), options.agents.end());
  request.set_controller(options.controller);
  v1::LogLevel::Level level = v1::LogLevel::LEVEL_UNSPECIFIED;
  v1::LogLevel::Level_Parse("LEVEL_" + options.level, &level);
  request.mutable_level()->set_level(level);
  *request.mutable_level()->mutable_lasts() = rpc::ToProto(options.lasts);
  v1::SetLogLevelResponse response;
  const grpc::Status status = context.fleet->SetLogLevel(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
  } else if (context.format == Format::kName) {
    for (const std::string& node : response.told()) context.out << node << '\n';
  } else {
    if (options.controller) context.out << "controller: told\n";
    for (const std::string& node : response.told()) context.out << node << ": told\n";
  }
  for (const std::string& node : response.absent()) context.err << "yardctl: " << node << " is not connected; it was not told\n";
  return response.absent().empty() ? ExitCode::kOk : ExitCode::kNotFound;
}

}  // namespace switchyard::tools::yardctl
