#include "tools/yardctl/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/duration.h"
#include "common/base/host_port.h"
#include "common/base/status.h"
#include "common/config/suggestion.h"
#include "common/config/utf8.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

const char kFooter[] =
    "Exit codes: 0 done; 1 refused, nothing changed; 2 usage; 3 not found; 4 conflict; 5 not live on every connected agent;\n"
    "6 controller unreachable; 7 not authorised; 8 local file unreadable; 9 controller failed; 10 done, but the output was lost.";

// What the parser writes to, before it becomes Options.
struct Raw {
  std::string output = "table";
  std::string timeout = "10s";
  std::string wait;
  std::string ttl = "1h";
  std::string window = "10s";
  std::string interval = "2s";
  std::string weights_window = "5m";
  std::string force_ttl = "1h";
  std::vector<std::string> labels;
  ApplyOptions apply;
  GetOptions get;
  DeleteOptions remove;
  SecretOptions secret;
  HistoryOptions history;
  BackupOptions backup;
  RestoreOptions restore;
  LogsOptions logs;
  std::string level_lasts = "0s";
  StatusOptions status;
  TopOptions top;
  TokenOptions token;
  std::string credential_ttl = "2160h";
  std::string last = "10m";
  SeriesOptions series;
  DiffOptions diff;
  RollbackOptions rollback;
  CredentialOptions credential;
  ActionsOptions actions;
  ExplainOptions explain;
  WeightsOptions weights;
  OverrideOptions force;
  ValidateOptions validate;
  VersionOptions version;
  CompletionOptions completion;
};

CLI::Validator DurationText() {
  return CLI::Validator(
      [](std::string& text) {
        const absl::StatusOr<Duration> value = ParseDuration(text);
        return value.ok() ? std::string() : std::string(Message(value.status()));
      },
      "DURATION");
}

Duration Checked(const std::string& text) { return ParseDuration(text).value_or(Duration(0)); }

void AddChangeFlags(CLI::App* app, ChangeOptions& change, Raw& raw) {
  app->add_flag("--dry-run", change.dry_run, "Validate and show what would happen; commit nothing");
  app->add_option("--wait", raw.wait, "Wait until every connected agent has it (--wait=DURATION; 30s when bare)")
      ->expected(0, 1)->default_str("30s")->check(DurationText());
  app->add_option("--reason", change.reason, "Why, for the history");
  app->add_option("--author", change.author, "Who, for the history (default: the credential's name)");
  app->add_option("--expect", change.expect, "Refuse unless this is the newest generation");
}

void AddChanging(CLI::App& app, Raw& raw) {
  CLI::App* apply = app.add_subcommand("apply", "Create or replace resources, all in one generation or none");
  apply->add_option("-f,--file", raw.apply.files, "File, directory (its *.yaml, *.yml, *.json) or - for stdin; repeatable")
      ->required()->expected(1)->take_all();
  AddChangeFlags(apply, raw.apply.change, raw);
  CLI::App* remove = app.add_subcommand("delete", "Delete resources, all in one generation or none");
  remove->add_option("kind", raw.remove.kind, "listener, route, upstream or secret");
  remove->add_option("name", raw.remove.names, "Names");
  remove->add_option("-f,--file", raw.remove.files, "Delete what this file, directory or - names")->expected(1)->take_all();
  AddChangeFlags(remove, raw.remove.change, raw);
  CLI::App* rollback = app.add_subcommand("rollback", "Make everything as it was at an earlier generation, as a new one");
  rollback->add_option("generation", raw.rollback.generation, "The generation to go back to")->required();
  AddChangeFlags(rollback, raw.rollback.change, raw);
  CLI::App* secret = app.add_subcommand("secret", "Certificates and keys, from files");
  secret->require_subcommand(1);
  CLI::App* make = secret->add_subcommand("create", "Create or replace a Secret from PEM files");
  make->add_option("name", raw.secret.name, "Its name")->required();
  make->add_option("--cert", raw.secret.certificate, "Certificate chain, leaf first");
  make->add_option("--key", raw.secret.key, "Private key of the leaf; without, the stored one stays");
  make->add_option("--ca", raw.secret.ca, "CA certificates, instead of --cert and --key");
  AddChangeFlags(make, raw.secret.change, raw);
  CLI::App* validate = app.add_subcommand("validate", "Check files offline, with the controller's own rules");
  validate->add_option("-f,--file", raw.validate.files, "File, directory or -; repeatable")->required()->expected(1)->take_all();
}

void AddReading(CLI::App& app, Raw& raw) {
  CLI::App* get = app.add_subcommand("get", "Show resources");
  get->add_option("kind", raw.get.kind, "listeners, routes, upstreams, secrets or all")->required();
  get->add_option("name", raw.get.names, "Names; without, all of the kind");
  get->add_option("-l,--label", raw.labels, "KEY=VALUE that must be on the resource; repeatable")->expected(1)->take_all();
  CLI::App* history = app.add_subcommand("history", "Committed generations, newest first; or one of them");
  history->add_option("generation", raw.history.generation, "Show this one with its changes");
  history->add_option("--limit", raw.history.limit, "How many")->check(CLI::Range(1, 100000))->capture_default_str();
  app.add_subcommand("agents", "The agents of the fleet");
  app.add_subcommand("overview", "What needs attention first, and the golden signals of now");
  CLI::App* series = app.add_subcommand("series", "Golden signals over time");
  series->add_option("of", raw.series.of, "fleet, listener/NAME, upstream/NAME or backend/UPSTREAM/ADDRESS")->capture_default_str();
  series->add_option("--last", raw.last, "How far back, 10s-168h")->check(DurationText())->capture_default_str();
  series->add_option("--points", raw.series.points, "At most so many points")->check(CLI::Range(10, 2000))->capture_default_str();
  series->add_flag("--backends", raw.series.backends, "Of an upstream: its backends as well");
  CLI::App* diff = app.add_subcommand("diff", "What differs between two generations");
  diff->add_option("from", raw.diff.from, "Default: the one before");
  diff->add_option("to", raw.diff.to, "Default: the newest");
  CLI::App* status = app.add_subcommand("status", "Where a generation is live; where not, which field, and why");
  status->add_option("generation", raw.status.generation, "Default: the newest");
  CLI::App* top = app.add_subcommand("top", "Live figures per upstream and backend");
  top->add_option("upstream", raw.top.upstream, "Only this one");
  top->add_flag("--once", raw.top.once, "Show once and end (always so when the output is no terminal)");
  top->add_option("--window", raw.window, "Figures over the last so long, 1s-60s")->check(DurationText())->capture_default_str();
  top->add_option("--interval", raw.interval, "Refresh this often")->check(DurationText())->capture_default_str();
}

void AddFleet(CLI::App& app, Raw& raw) {
  CLI::App* explain = app.add_subcommand("explain", "The figures behind the fleet's verdict on a backend and behind its weight");
  explain->require_subcommand(1);
  CLI::App* backend = explain->add_subcommand("backend", "Of one backend, in every upstream that has it");
  backend->add_option("address", raw.explain.backend, "IP:port")->required();
  backend->add_option("--upstream", raw.explain.upstream, "Only in this one");
  CLI::App* weights = app.add_subcommand("weights", "Configured and effective weights, now and over the last minutes");
  weights->add_option("upstream", raw.weights.upstream, "Only this one");
  weights->add_option("--window", raw.weights_window, "How much history, up to 10m")->check(DurationText())->capture_default_str();
  CLI::App* force = app.add_subcommand("override", "Overrule the fleet's verdict on a backend for a time");
  force->add_option("address", raw.force.backend, "IP:port")->required();
  force->add_option("word", raw.force.word, "out, in, or none to let the evidence decide")->required()->check(CLI::IsMember({"out", "in", "none"}));
  force->add_option("--upstream", raw.force.upstream, "Only in this one");
  force->add_option("--ttl", raw.force_ttl, "How long, 1s-30d")->check(DurationText())->capture_default_str();
  force->add_option("--reason", raw.force.reason, "For people");
}

void AddRest(CLI::App& app, Raw& raw) {
  CLI::App* token = app.add_subcommand("token", "Join tokens for agents");
  token->require_subcommand(1);
  CLI::App* create = token->add_subcommand("create", "Make a token; it is printed this once");
  create->add_option("--uses", raw.token.uses, "How many agents may join by it")->check(CLI::Range(1, 100000))->capture_default_str();
  create->add_option("--ttl", raw.ttl, "How long it is good for, 1m-365d")->check(DurationText())->capture_default_str();
  create->add_option("--description", raw.token.description, "For people");
  token->add_subcommand("list", "Tokens that may still be used");
  token->add_subcommand("revoke", "End a token")->add_option("id", raw.token.id, "Its id")->required();
  CLI::App* credential = app.add_subcommand("credential", "Credentials of people and programs, by role");
  credential->require_subcommand(1);
  CLI::App* issue = credential->add_subcommand("create", "Make a credential file; it is printed this once");
  issue->add_option("name", raw.credential.name, "Whose it is")->required();
  issue->add_option("--role", raw.credential.role, "viewer, operator or admin")->check(CLI::IsMember({"viewer", "operator", "admin"}))->capture_default_str();
  issue->add_option("--ttl", raw.credential_ttl, "How long it is good for, 1h-8760h")->check(DurationText())->capture_default_str();
  credential->add_subcommand("list", "Those whose life has not ended");
  credential->add_subcommand("revoke", "End a credential")->add_option("id", raw.credential.id, "Its id")->required();
  CLI::App* actions = app.add_subcommand("actions", "What was done through the API, newest first");
  actions->add_option("--limit", raw.actions.limit, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_subcommand("dashboard", "Print a link that logs you in to the dashboard, once");
  CLI::App* backup = app.add_subcommand("backup", "Everything that the controller keeps, at one generation, into a file");
  backup->add_option("file", raw.backup.file, "The file; not replaced when it is there")->required();
  backup->add_flag("--force", raw.backup.force, "Replace it");
  CLI::App* restore = app.add_subcommand("restore", "Make the resources of a backup the newest generation");
  restore->add_option("file", raw.restore.file, "A file of `yardctl backup`")->required();
  restore->add_flag("--dry-run", raw.restore.dry_run, "Check the file and show what would happen; commit nothing");
  restore->add_option("--reason", raw.restore.reason, "Why, for the history");
  restore->add_option("--author", raw.restore.author, "Who, for the history (default: the credential's name)");
  CLI::App* logs = app.add_subcommand("logs", "What agents and the controller log");
  logs->require_subcommand(1);
  CLI::App* level = logs->add_subcommand("level", "Change it, at once and without a restart");
  level->add_option("level", raw.logs.level, "debug, info, warn or error")->required()
      ->transform(CLI::CheckedTransformer(std::map<std::string, std::string>{{"debug", "DEBUG"}, {"info", "INFO"}, {"warn", "WARN"}, {"error", "ERROR"}},
                                          CLI::ignore_case));
  level->add_option("--agent", raw.logs.agents, "This agent; repeatable; * for every connected one")->expected(1)->take_all();
  level->add_flag("--on-controller", raw.logs.controller, "The controller");
  level->add_option("--for", raw.level_lasts, "Then as before (default: until the process ends), at most 24h")->check(DurationText());
  CLI::App* version = app.add_subcommand("version", "Versions of yardctl and of the controller");
  version->add_flag("--client", raw.version.client_only, "Only yardctl's own");
  CLI::App* completion = app.add_subcommand("completion", "Completion script for a shell");
  completion->add_option("shell", raw.completion.shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

void AddGlobal(CLI::App& app, Options& options, Raw& raw) {
  app.add_option("-o,--output", raw.output, "table, json, yaml or name")->check(CLI::IsMember({"table", "json", "yaml", "name"}))->capture_default_str();
  app.add_option("--credential", options.credential,
                 "Admin credential file (default: $YARDCTL_CREDENTIAL, ~/.config/switchyard/credential, the controller's own)");
  app.add_option("--controller", options.controller, "host:port of the controller (default: the credential's)");
  app.add_option("--timeout", raw.timeout, "Of one call, time to wait for agents aside")->check(DurationText())->capture_default_str();
}

std::vector<VerbInfo> Describe(CLI::App& app) {
  const auto flags_of = [](const CLI::App* of, std::vector<std::string>& out) {
    for (const CLI::Option* option : of->get_options())
      for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  };
  std::vector<VerbInfo> verbs;
  for (const CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
    VerbInfo info{verb->get_name(), verb->get_description(), {}, {}};
    flags_of(verb, info.flags);
    flags_of(&app, info.flags);
    for (const CLI::App* sub : verb->get_subcommands([](const CLI::App*) { return true; })) {
      info.words.push_back(sub->get_name());
      flags_of(sub, info.flags);
    }
    if (info.name == "get") info.words = {"listeners", "routes", "upstreams", "secrets", "all"};
    if (info.name == "delete") info.words = {"listener", "route", "upstream", "secret"};
    if (info.name == "completion") info.words = {"bash", "zsh", "fish"};
    verbs.push_back(std::move(info));
  }
  return verbs;
}

bool ReadLabels(const Raw& raw, GetOptions& get) {
  for (const std::string& label : raw.labels) {
    const std::size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      fmt::print(stderr, "yardctl: --label: expected KEY=VALUE, got `{}`\n", label);
      return false;
    }
    get.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return true;
}

// What would come back from the wire as a riddle.
bool CheckTexts(const Options& options, const Raw& raw) {
  const std::pair<std::string_view, std::string_view> texts[] = {{"--reason", raw.apply.change.reason},   {"--author", raw.apply.change.author},
                                                                 {"--reason", raw.remove.change.reason},  {"--author", raw.remove.change.author},
                                                                 {"--description", raw.token.description}, {"--reason", raw.force.reason},
                                                                 {"--reason", raw.restore.reason}, {"--author", raw.restore.author}};
  for (const auto& [flag, text] : texts) {
    if (config::FindInvalidUtf8(text) == std::string_view::npos) continue;
    fmt::print(stderr, "yardctl: {}: the text is not UTF-8\n", flag);
    return false;
  }
  if (options.controller.empty()) return true;
  const auto address = ParseHostPort(options.controller);
  if (!address.ok()) fmt::print(stderr, "yardctl: --controller {}\n", Message(address.status()));
  return address.ok();
}

// CLI11 would say that a subcommand is required, and not which word it did not know. Only the first word can be one for sure.
bool NamesNoVerb(int argc, const char* const* argv, const CLI::App& app) {
  const std::string_view word = argc > 1 ? argv[1] : "-";
  if (word.starts_with('-')) return false;
  std::vector<std::string_view> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(verb->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return false;
  fmt::print(stderr, "yardctl: `{}` is no verb{}; `yardctl --help` lists them\n", Printable(word), config::DidYouMean(word, names));
  return true;
}

Command Chosen(CLI::App& app, Raw& raw) {
  const CLI::App* verb = app.get_subcommands().front();
  const std::string& name = verb->get_name();
  const auto with_wait = [&](ChangeOptions& change) {
    if (verb->get_option("--wait")->count() > 0) change.wait = raw.wait.empty() ? std::chrono::seconds(30) : Checked(raw.wait);
  };
  if (name == "apply") return with_wait(raw.apply.change), raw.apply;
  if (name == "delete") return with_wait(raw.remove.change), raw.remove;
  if (name == "secret") {
    if (verb->get_subcommands().front()->get_option("--wait")->count() > 0) {
      raw.secret.change.wait = raw.wait.empty() ? std::chrono::seconds(30) : Checked(raw.wait);
    }
    return raw.secret;
  }
  if (name == "rollback") return with_wait(raw.rollback.change), raw.rollback;
  if (name == "overview") return OverviewOptions{};
  if (name == "dashboard") return DashboardOptions{};
  if (name == "diff") return raw.diff;
  if (name == "actions") return raw.actions;
  if (name == "series") {
    raw.series.last = Checked(raw.last);
    return raw.series;
  }
  if (name == "credential") {
    const std::string& sub = verb->get_subcommands().front()->get_name();
    using Verb = CredentialOptions::Verb;
    raw.credential.verb = sub == "create" ? Verb::kCreate : sub == "list" ? Verb::kList : Verb::kRevoke;
    raw.credential.ttl = Checked(raw.credential_ttl);
    return raw.credential;
  }
  if (name == "get") return raw.get;
  if (name == "history") return raw.history;
  if (name == "status") return raw.status;
  if (name == "validate") return raw.validate;
  if (name == "version") return raw.version;
  if (name == "completion") return raw.completion;
  if (name == "top") {
    raw.top.window = Checked(raw.window);
    raw.top.interval = std::max<Duration>(Checked(raw.interval), std::chrono::milliseconds(100));
    return raw.top;
  }
  if (name == "explain") return raw.explain;
  if (name == "weights") return raw.weights.window = Checked(raw.weights_window), raw.weights;
  if (name == "override") return raw.force.ttl = Checked(raw.force_ttl), raw.force;
  if (name == "backup") return raw.backup;
  if (name == "restore") return raw.restore;
  if (name == "logs") return raw.logs.lasts = Checked(raw.level_lasts), raw.logs;
  if (name == "token") {
    const std::string& sub = verb->get_subcommands().front()->get_name();
    raw.token.verb = sub == "create" ? TokenOptions::Verb::kCreate : sub == "list" ? TokenOptions::Verb::kList : TokenOptions::Verb::kRevoke;
    raw.token.ttl = Checked(raw.ttl);
    return raw.token;
  }
  return AgentsOptions{};
}

Format ToFormat(const std::string& text) {
  if (text == "json") return Format::kJson;
  if (text == "yaml") return Format::kYaml;
  return text == "name" ? Format::kName : Format::kTable;
}

}  // namespace

std::optional<Options> ParseOptions(int argc, const char* const* argv, ExitCode& exit_code) {
  Options options;
  Raw raw;
  CLI::App app("yardctl: runs a Switchyard fleet.", "yardctl");
  app.set_version_flag("--version", std::string("yardctl ") + SWITCHYARD_VERSION);
  app.footer(kFooter);
  app.fallthrough();
  app.require_subcommand(1);
  AddGlobal(app, options, raw);
  AddChanging(app, raw);
  AddReading(app, raw);
  AddFleet(app, raw);
  AddRest(app, raw);
  for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
    verb->fallthrough();
    for (CLI::App* sub : verb->get_subcommands([](CLI::App*) { return true; })) sub->fallthrough();
  }
  if (NamesNoVerb(argc, argv, app)) {
    exit_code = ExitCode::kUsage;
    return std::nullopt;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? ExitCode::kOk : ExitCode::kUsage;
    return std::nullopt;
  }
  exit_code = ExitCode::kUsage;
  if (!ReadLabels(raw, raw.get) || !CheckTexts(options, raw)) return std::nullopt;
  exit_code = ExitCode::kOk;
  options.format = ToFormat(raw.output);
  options.timeout = Checked(raw.timeout);
  options.command = Chosen(app, raw);
  options.verbs = Describe(app);
  return options;
}

}  // namespace switchyard::tools::yardctl
