#include "agent/options.h"

#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include "agent/config/atomic_file.h"
#include "agent/config/data_directory.h"
#include "common/base/duration.h"
#include "common/base/host_port.h"
#include "common/base/status.h"
#include "fmt/format.h"

namespace switchyard::agent {
namespace {

constexpr int kUsageError = 2;
constexpr unsigned kMaxDefaultWorkers = 16;
constexpr unsigned kMaxWorkers = 256;
constexpr std::size_t kMaxLabels = 32;
constexpr std::size_t kMaxTokenFile = 4096;

// The text of the flags that need more than CLI11 checks.
struct Flags {
  std::optional<std::string> token;
  std::string token_file;
  std::vector<std::string> labels;
  std::string drain_timeout = "30s";
  std::string log_level = "info";
  std::string log_format = "auto";
};

// The cores that this process may use (cgroups and taskset narrow them).
unsigned DefaultWorkers() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int usable = ::sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
  return std::clamp(static_cast<unsigned>(usable), 1U, kMaxDefaultWorkers);
}

bool IsLabelText(std::string_view text) {
  return text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '/' || c == '-';
         });
}

absl::Status FillLabels(const std::vector<std::string>& texts, AgentOptions& options) {
  if (texts.size() > kMaxLabels) return absl::InvalidArgumentError(fmt::format("--label: at most {}", kMaxLabels));
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (equals == std::string::npos || key.empty() || !IsLabelText(key) || !IsLabelText(value)) {
      return absl::InvalidArgumentError(fmt::format("--label '{}': expected KEY=VALUE of at most 63 characters [A-Za-z0-9._/-] each", text));
    }
    options.labels[key] = value;
  }
  return absl::OkStatus();
}

// A file is preferred to a flag, because flags are seen by every user of the host.
absl::Status FillToken(const Flags& flags, AgentOptions& options) {
  std::string text = flags.token.value_or("");
  std::string from = "--join-token";
  if (!flags.token_file.empty()) {
    absl::StatusOr<std::string> file = config::ReadWholeFile(flags.token_file, kMaxTokenFile);
    if (!file.ok()) return Annotate(file.status(), "--join-token-file");
    text = *std::move(file);
    from = "--join-token-file " + flags.token_file;
  } else if (!flags.token.has_value()) {
    return absl::OkStatus();
  }
  absl::StatusOr<config::JoinToken> token = config::ParseJoinToken(text);
  if (!token.ok()) return Annotate(token.status(), from);
  options.token = *std::move(token);
  return absl::OkStatus();
}

absl::Status Fill(const Flags& flags, AgentOptions& options) {
  if (absl::Status filled = FillToken(flags, options); !filled.ok()) return filled;
  if (absl::Status filled = FillLabels(flags.labels, options); !filled.ok()) return filled;
  const absl::StatusOr<Duration> drain = ParseDuration(flags.drain_timeout);
  if (!drain.ok()) return Annotate(drain.status(), "--drain-timeout");
  options.drain_timeout = *drain;
  const absl::StatusOr<observe::LogLevel> level = observe::ParseLogLevel(flags.log_level);
  if (!level.ok()) return Annotate(level.status(), "--log-level");
  options.log_level = *level;
  const absl::StatusOr<observe::LogFormat> format = observe::ParseLogFormat(flags.log_format);
  if (!format.ok()) return Annotate(format.status(), "--log-format");
  options.log_format = *format;
  if (options.access_log.empty()) return absl::InvalidArgumentError("--access-log: expected off, stdout, or the path of a file");
  if (options.zone.size() > 63) return absl::InvalidArgumentError("--zone: at most 63 characters");
  if (!options.controller.empty()) {
    if (const auto address = ParseHostPort(options.controller); !address.ok()) return Annotate(address.status(), "--controller");
  }
  if (options.token.has_value() && options.controller.empty()) return absl::InvalidArgumentError("--join-token needs --controller");
  return absl::OkStatus();
}

void Declare(CLI::App& app, Flags& flags, AgentOptions& options) {
  app.set_version_flag("--version", std::string("yard-agent ") + SWITCHYARD_VERSION);
  app.add_option("--controller", options.controller, "HOST:PORT of the controller; without it the last configuration is served");
  app.add_option("--join-token", flags.token, "Token to join the fleet with (yardctl token create); needed once")->envname("YARD_JOIN_TOKEN");
  app.add_option("--join-token-file", flags.token_file, "File with the token");
  app.add_option("--node", options.node, "Name in the fleet (default: that of the certificate, else the host's)");
  app.add_option("--label", flags.labels, "KEY=VALUE for listener selectors; repeat")->expected(1)->take_all();
  app.add_option("--zone", options.zone, "Failure domain of this host");
  app.add_option("--data-dir", options.data_directory, "Where identity and last-good configuration are kept")->capture_default_str();
  app.add_option("--workers", options.workers, "Worker threads (default: usable cores, at most 16)")->check(CLI::Range(1U, kMaxWorkers))
      ->capture_default_str();
  app.add_option("--admin-listen,--admin", options.admin_listen, "IP:port of the admin pages; port 0: any free one")->capture_default_str();
  app.add_flag("--admin-allow-remote", options.admin_allow_remote, "Let the admin pages be on an address that is not loopback");
  app.add_option("--drain-timeout", flags.drain_timeout, "Longest wait for requests under way after SIGTERM")->capture_default_str();
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_option("--log-format", flags.log_format, "auto (human on a terminal, else json), json or human")->capture_default_str();
  app.add_option("--access-log", options.access_log, "Where a line for each request goes: off, stdout, or a file (HUP: opened anew)")->capture_default_str();
  app.add_flag("--take-over", options.take_over, "Take the sockets and the place of the agent that holds the data directory, if there is one")
      ->envname("YARD_TAKE_OVER");
  app.add_option("--handover-socket", options.handover_socket, "Where to ask for it (default: handover.sock in the data directory; off: nobody can)");
  app.add_option("--ready-file", options.ready_file, "Write {\"pid\", \"admin_port\", \"generation\"} here once serving");
}

// What is on the command line every user of the host can see, for as long as it stands there.
void HideToken(int argc, char** argv) {
  constexpr std::string_view kFlag = "--join-token";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    char* token = nullptr;
    if (word == kFlag && i + 1 < argc) token = argv[i + 1];
    if (word.size() > kFlag.size() && word.starts_with(kFlag) && word[kFlag.size()] == '=') token = argv[i] + kFlag.size() + 1;
    for (; token != nullptr && *token != '\0'; ++token) *token = 'x';
  }
}

}  // namespace

std::optional<AgentOptions> ParseOptions(int argc, char** argv, int& exit_code) {
  AgentOptions options;
  options.workers = DefaultWorkers();
  options.data_directory = config::DefaultDataDirectory();
  Flags flags;
  CLI::App app(
      "yard-agent: the Switchyard proxy of one host.\n"
      "Signals: TERM or INT drains and ends (a second one ends at once); USR2 starts the program anew, which takes over (an upgrade);\n"
      "HUP opens the access log anew.\n"
      "Exit codes: 0 drained, 1 cannot start or go on, 2 wrong flags, 3 ended without draining.");
  Declare(app, flags, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kUsageError;
    return std::nullopt;
  }
  options.command_line.assign(argv, argv + argc);
  if (const absl::Status filled = Fill(flags, options); !filled.ok()) {
    fmt::print(stderr, "yard-agent: {}\n", Message(filled));
    exit_code = kUsageError;
    return std::nullopt;
  }
  // After `command_line` was taken: a process that is started from it hides it anew.
  HideToken(argc, argv);
  return options;
}

}  // namespace switchyard::agent
