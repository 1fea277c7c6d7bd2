#include <fmt/format.h>

#include "tools/yardctl/commands/commands.h"

namespace switchyard::tools::yardctl {

ExitCode RunVersion(const VersionOptions& options, const Context& context) {
  v1::InfoResponse info;
  grpc::Status status;
  const bool ask = !options.client_only && context.fleet != nullptr;
  if (ask) status = context.fleet->Info(NewCall(context).get(), v1::InfoRequest(), &info);
  if (context.format == Format::kTable || context.format == Format::kName) {
    context.out << "yardctl " << SWITCHYARD_VERSION << '\n';
    if (ask && status.ok())
      context.out << fmt::format("yard-controller {} ({}, trust domain {}, generation {}, {} of {} agents connected)\n", info.version(), info.instance(),
                                 info.trust_domain(), info.generation(), info.connected_agents(), info.known_agents());
  } else {
    if (!ask) info.set_version(SWITCHYARD_VERSION);
    PrintJson(context, info);
  }
  return status.ok() ? ExitCode::kOk : Report(context, status);
}

}  // namespace switchyard::tools::yardctl
