#include "controlplane/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/rpc/credential_file.h"
#include "common/tls/spiffe_id.h"

namespace switchyard::controlplane {
namespace {

constexpr int kWrongUse = 2;

struct Flags {
  std::string log_level = "info";
  std::string log_format = "auto";
  std::string agent_life = "24h";
};

absl::Status CheckAdvertise(const std::string& address) {
  const auto colon = address.rfind(':');
  if (address.empty() || (colon != std::string::npos && colon != 0 && colon + 1 < address.size())) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("'{}' is not host:port", address));
}

absl::Status Fill(const Flags& flags, ProgramOptions& options) {
  const auto level = observe::ParseLogLevel(flags.log_level);
  if (!level.ok()) return Annotate(level.status(), "--log-level");
  const auto format = observe::ParseLogFormat(flags.log_format);
  if (!format.ok()) return Annotate(format.status(), "--log-format");
  const auto life = ParseDuration(flags.agent_life);
  if (!life.ok()) return Annotate(life.status(), "--agent-certificate-life");
  if (*life < std::chrono::minutes(1) || *life > std::chrono::hours(24 * 30)) {
    return absl::InvalidArgumentError("--agent-certificate-life: must be 1m-30d");
  }
  if (auto listen = Endpoint::Parse(options.controller.listen); !listen.ok()) return Annotate(listen.status(), "--listen");
  if (auto status = CheckAdvertise(options.controller.advertise); !status.ok()) return Annotate(status, "--advertise");
  if (!tls::ValidTrustDomain(options.controller.authority.trust_domain)) {
    return absl::InvalidArgumentError("--trust-domain: expected 1-255 of [a-z0-9._-]");
  }
  if (options.controller.metrics_listen == "off") options.controller.metrics_listen.clear();
  options.log_level = *level;
  options.log_format = *format;
  options.controller.authority.agent_life = *life;
  return absl::OkStatus();
}

}  // namespace

std::optional<ProgramOptions> ParseOptions(int argc, char** argv, int& exit_code) {
  ProgramOptions options;
  ControllerOptions& c = options.controller;
  Flags flags;
  c.version = SWITCHYARD_VERSION;
  c.data_dir = rpc::DefaultControllerDirectory();
  CLI::App app("yard-controller: keeps the configuration of a fleet of agents and streams it to them.\n"
               "The first start makes a certificate authority and an admin credential in the data directory; yardctl finds it there.");
  app.set_version_flag("--version", std::string("yard-controller ") + SWITCHYARD_VERSION);
  app.add_option("--data-dir", c.data_dir, "Directory for the store and the keys; made if missing, mode 0700")->capture_default_str();
  app.add_option("--listen", c.listen, "IP:port for agents and yardctl (port 0: any free one)")->capture_default_str();
  app.add_option("--advertise", c.advertise, "host:port written into the admin credential (default: the listen address)");
  auto* metrics = app.add_option("--metrics-listen", c.metrics_listen,
                                 "Loopback IP:port for /metrics, /live and /ready, without authentication; `off`: none")->capture_default_str();
  app.add_flag("--metrics-allow-remote", c.metrics_allow_remote, "Let --metrics-listen be on an address that is not loopback");
  app.add_option("--ready-file", options.ready_file, "Write {\"pid\", \"port\", \"metrics_port\"} here once serving");
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_option("--log-format", flags.log_format, "auto (terminal: human, else json), json or human")->capture_default_str();
  app.add_option("--agent-certificate-life", flags.agent_life, "Life of agents' certificates; they renew at two thirds of it")->capture_default_str();
  app.add_flag("--new-authority", c.new_authority,
               "Make a certificate authority although the store has a past and its own is lost; every agent must enrol again");
  app.add_option("--trust-domain", c.authority.trust_domain, "Trust domain of a certificate authority yet to be made")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kWrongUse;
    return std::nullopt;
  }
  c.metrics_required = metrics->count() > 0;
  if (const auto status = Fill(flags, options); !status.ok()) {
    fmt::print(stderr, "yard-controller: {}\nRun with --help for more information.\n", Message(status));
    exit_code = kWrongUse;
    return std::nullopt;
  }
  return options;
}

}  // namespace switchyard::controlplane
