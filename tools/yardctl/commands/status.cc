#include <fmt/format.h>

#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/convergence_text.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {

namespace {

constexpr Duration kSoon = std::chrono::hours(24) * 30;

void ShowSecretEnds(const v1::StatusResponse& response, const Context& context) {
  const WallTime now = context.clock.WallNow();
  for (const v1::SecretEnd& secret : response.secrets()) {
    const WallTime end = rpc::ToWallTime(secret.not_after());
    if (end - now > kSoon) return;
    context.out << fmt::format("Secret/{}: certificate {} {}\n", secret.name(), end < now ? "ended" : "ends", RelativeTime(secret.not_after(), now));
  }
}

}  // namespace

ExitCode RunStatus(const StatusOptions& options, const Context& context) {
  v1::StatusRequest request;
  request.set_generation(options.generation);
  v1::StatusResponse response;
  const grpc::Status status = context.fleet->Status(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
  } else if (context.format == Format::kName) {
    for (const v1::Laggard& laggard : response.convergence().laggards()) context.out << laggard.node() << '\n';
  } else {
    const v1::HistoryEntry& entry = response.entry();
    if (entry.generation() > 0) {
      context.out << fmt::format("generation {} of {}, {}, by {}: {}{}\n", entry.generation(), response.newest_generation(),
                                 RelativeTime(entry.time(), context.clock.WallNow()), entry.author().empty() ? "?" : Printable(entry.author()),
                                 ChangeSummary(entry.changes()), entry.reason().empty() ? "" : " (" + Printable(entry.reason()) + ")");
    }
    context.out << ConvergenceText(response.convergence());
    ShowSecretEnds(response, context);
  }
  return ConvergenceExit(response.convergence());
}

}  // namespace switchyard::tools::yardctl
