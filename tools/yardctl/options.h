// Command line of yardctl: the only file that knows CLI11 is options.cc.
//
// Thread-safety: one parse at a time. Errors: usage is printed by the parser; nothing is thrown.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/completion.h"
#include "tools/yardctl/context.h"

namespace switchyard::tools::yardctl {

struct AgentsOptions {};
struct OverviewOptions {};
struct DashboardOptions {};
struct CompletionOptions {
  std::string shell;
};

using Command = std::variant<ApplyOptions, GetOptions, DeleteOptions, HistoryOptions, AgentsOptions, StatusOptions, LogsOptions, BackupOptions,
                             RestoreOptions, TopOptions, TokenOptions, SecretOptions, OverviewOptions, SeriesOptions, DiffOptions, RollbackOptions,
                             CredentialOptions, ActionsOptions, DashboardOptions, ExplainOptions, WeightsOptions, OverrideOptions,
                             ValidateOptions, VersionOptions, CompletionOptions>;

struct Options {
  Format format = Format::kTable;
  std::string credential;  // path; empty: search
  std::string controller;  // host:port; empty: the credential's
  Duration timeout = std::chrono::seconds(10);
  Command command;
  std::vector<VerbInfo> verbs;  // for `completion`
};

// Absent: end with `exit_code`.
std::optional<Options> ParseOptions(int argc, const char* const* argv, ExitCode& exit_code);

}  // namespace switchyard::tools::yardctl
