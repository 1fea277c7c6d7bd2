// yardctl: the command line of a fleet.
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <poll.h>
#include <unistd.h>

#include <iostream>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "tools/yardctl/connection.h"
#include "tools/yardctl/options.h"

namespace {

using namespace switchyard;
using namespace switchyard::tools::yardctl;

// Waits; an interrupt ends the program in the usual way.
bool Pause(Duration duration) {
  const timespec wait{duration / std::chrono::seconds(1), (duration % std::chrono::seconds(1)).count()};
  return ppoll(nullptr, 0, &wait, nullptr) == 0;
}

struct Runner {
  const Options& options;
  const Context& context;

  ExitCode operator()(const ApplyOptions& o) const { return RunApply(o, context, std::cin); }
  ExitCode operator()(const GetOptions& o) const { return RunGet(o, context); }
  ExitCode operator()(const DeleteOptions& o) const { return RunDelete(o, context, std::cin); }
  ExitCode operator()(const SecretOptions& o) const { return RunSecret(o, context); }
  ExitCode operator()(const HistoryOptions& o) const { return RunHistory(o, context); }
  ExitCode operator()(const AgentsOptions&) const { return RunAgents(context); }
  ExitCode operator()(const BackupOptions& o) const { return RunBackup(o, context); }
  ExitCode operator()(const RestoreOptions& o) const { return RunRestore(o, context); }
  ExitCode operator()(const LogsOptions& o) const { return RunLogs(o, context); }
  ExitCode operator()(const StatusOptions& o) const { return RunStatus(o, context); }
  ExitCode operator()(const TopOptions& o) const { return RunTop(o, context, Pause); }
  ExitCode operator()(const ExplainOptions& o) const { return RunExplain(o, context); }
  ExitCode operator()(const WeightsOptions& o) const { return RunWeights(o, context); }
  ExitCode operator()(const OverrideOptions& o) const { return RunOverride(o, context); }
  ExitCode operator()(const TokenOptions& o) const { return RunToken(o, context); }
  ExitCode operator()(const OverviewOptions&) const { return RunOverview(context); }
  ExitCode operator()(const SeriesOptions& o) const { return RunSeries(o, context); }
  ExitCode operator()(const DiffOptions& o) const { return RunDiff(o, context); }
  ExitCode operator()(const RollbackOptions& o) const { return RunRollback(o, context); }
  ExitCode operator()(const CredentialOptions& o) const { return RunCredential(o, context); }
  ExitCode operator()(const ActionsOptions& o) const { return RunActions(o, context); }
  ExitCode operator()(const DashboardOptions&) const { return RunDashboard(context); }
  ExitCode operator()(const ValidateOptions& o) const { return RunValidate(o, context, std::cin); }
  ExitCode operator()(const VersionOptions& o) const { return RunVersion(o, context); }
  ExitCode operator()(const CompletionOptions& o) const {
    context.out << CompletionScript(o.shell, options.verbs);
    return ExitCode::kOk;
  }
};

bool NeedsController(const Command& command) {
  if (const auto* version = std::get_if<VersionOptions>(&command)) return !version->client_only;
  return !std::holds_alternative<ValidateOptions>(command) && !std::holds_alternative<CompletionOptions>(command);
}

ExitCode Run(const Options& options) {
  const SystemClock clock;
  Context context{nullptr, clock, std::cout, std::cerr, options.format, options.timeout, isatty(STDOUT_FILENO) == 1, ""};
  if (!NeedsController(options.command)) return std::visit(Runner{options, context}, options.command);
  absl::StatusOr<Connection> connection = Connect(options.credential, options.controller);
  if (!connection.ok()) {
    // `version` is still of use without a fleet.
    if (std::holds_alternative<VersionOptions>(options.command)) std::visit(Runner{options, context}, options.command);
    std::cerr << "yardctl: " << Message(connection.status()) << '\n';
    return ExitCode::kNotAuthorised;
  }
  context.fleet = connection->fleet.get();
  context.address = connection->address;
  return std::visit(Runner{options, context}, options.command);
}

// A result that did not arrive is no success: a script would go on with half a file.
ExitCode Delivered(ExitCode exit_code) {
  std::cout.flush();
  if (!std::cout.bad()) return exit_code;
  std::cerr << "yardctl: the output could not be written and is incomplete; look whether the disk is full\n";
  return exit_code == ExitCode::kOk ? ExitCode::kOutputLost : exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  // gRPC's own complaints say what ours say, without a remedy.
  gpr_set_log_function([](gpr_log_func_args*) {});
  ExitCode exit_code = ExitCode::kOk;
  const std::optional<Options> options = ParseOptions(argc, argv, exit_code);
  if (options) exit_code = Run(*options);
  return static_cast<int>(Delivered(exit_code));
}
