// The verbs of yardctl: for each its options and the function that carries it out, one file per verb in this folder.
//
// Every function prints what it has to say and returns the exit code. REQUIRES: `context.fleet` is set, but for validate, version and
// completion. Thread-safety: one command at a time. Bounds: lists are read page by page; `top` keeps one response.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <map>
#include <string>
#include <vector>

#include "tools/yardctl/commands/change.h"
#include "tools/yardctl/context.h"

namespace switchyard::tools::yardctl {

struct ApplyOptions {
  std::vector<std::string> files;
  ChangeOptions change;
};
ExitCode RunApply(const ApplyOptions& options, const Context& context, std::istream& standard_input);

struct GetOptions {
  std::string kind;  // `all` for every kind
  std::vector<std::string> names;
  std::map<std::string, std::string> labels;
};
ExitCode RunGet(const GetOptions& options, const Context& context);

struct DeleteOptions {
  std::string kind;
  std::vector<std::string> names;
  std::vector<std::string> files;
  ChangeOptions change;
};
ExitCode RunDelete(const DeleteOptions& options, const Context& context, std::istream& standard_input);

struct SecretOptions {
  std::string name;
  // Files of PEM: a chain and its key, or CA certificates.
  std::string certificate;
  std::string key;
  std::string ca;
  ChangeOptions change;
};
ExitCode RunSecret(const SecretOptions& options, const Context& context);

struct HistoryOptions {
  std::uint64_t generation = 0;  // 0: list
  std::uint32_t limit = 20;
};
ExitCode RunHistory(const HistoryOptions& options, const Context& context);

ExitCode RunAgents(const Context& context);

struct BackupOptions {
  std::string file;
  bool force = false;
};
ExitCode RunBackup(const BackupOptions& options, const Context& context);

struct RestoreOptions {
  std::string file;
  bool dry_run = false;
  std::string author;
  std::string reason;
};
ExitCode RunRestore(const RestoreOptions& options, const Context& context);

struct LogsOptions {
  std::string level;  // DEBUG, INFO, WARN, ERROR
  std::vector<std::string> agents;
  bool controller = false;
  Duration lasts{};
};
ExitCode RunLogs(const LogsOptions& options, const Context& context);

struct StatusOptions {
  std::uint64_t generation = 0;  // 0: the newest
};
ExitCode RunStatus(const StatusOptions& options, const Context& context);

struct TopOptions {
  std::string upstream;
  Duration window = std::chrono::seconds(10);
  Duration interval = std::chrono::seconds(2);
  bool once = false;
};
// `wait` returns false when the live view is to end.
ExitCode RunTop(const TopOptions& options, const Context& context, const std::function<bool(Duration)>& wait);

// What needs a person first, and the golden signals of the last second.
ExitCode RunOverview(const Context& context);

struct SeriesOptions {
  std::string of = "fleet";
  Duration last = std::chrono::minutes(10);
  std::uint32_t points = 60;
  bool backends = false;
};
ExitCode RunSeries(const SeriesOptions& options, const Context& context);

struct DiffOptions {
  std::uint64_t from = 0;  // 0: the one before `to`
  std::uint64_t to = 0;    // 0: the newest
};
ExitCode RunDiff(const DiffOptions& options, const Context& context);

struct RollbackOptions {
  std::uint64_t generation = 0;
  ChangeOptions change;
};
ExitCode RunRollback(const RollbackOptions& options, const Context& context);

struct CredentialOptions {
  enum class Verb { kCreate, kList, kRevoke };
  Verb verb = Verb::kList;
  std::string name;
  std::string role = "viewer";
  Duration ttl = std::chrono::hours(24 * 90);
  std::string id;
};
ExitCode RunCredential(const CredentialOptions& options, const Context& context);

struct ActionsOptions {
  std::uint32_t limit = 50;
};
ExitCode RunActions(const ActionsOptions& options, const Context& context);

// Prints a link that logs the caller in to the dashboard, once.
ExitCode RunDashboard(const Context& context);
struct ExplainOptions {
  std::string backend;
  std::string upstream;
};
ExitCode RunExplain(const ExplainOptions& options, const Context& context);

struct WeightsOptions {
  std::string upstream;
  Duration window = std::chrono::minutes(5);
};
ExitCode RunWeights(const WeightsOptions& options, const Context& context);

struct OverrideOptions {
  std::string backend;
  std::string word;  // out, in or none
  std::string upstream;
  Duration ttl = std::chrono::hours(1);
  std::string reason;
};
ExitCode RunOverride(const OverrideOptions& options, const Context& context);

struct TokenOptions {
  enum class Verb { kCreate, kList, kRevoke };
  Verb verb = Verb::kList;
  std::uint32_t uses = 1;
  Duration ttl = std::chrono::hours(1);
  std::string description;
  std::string id;
};
ExitCode RunToken(const TokenOptions& options, const Context& context);

struct ValidateOptions {
  std::vector<std::string> files;
};
ExitCode RunValidate(const ValidateOptions& options, const Context& context, std::istream& standard_input);

struct VersionOptions {
  bool client_only = false;
};
// Without a fleet in the context only the client's version is shown.
ExitCode RunVersion(const VersionOptions& options, const Context& context);

}  // namespace switchyard::tools::yardctl
