#include "controlplane/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

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
  std::string session_idle = "30m";
  std::string session_life = "12h";
  std::uint64_t history_mib = 256;
  bool in_cluster = false;
  kubernetes::ApiServer kubernetes;
};

absl::Status FillKubernetes(const Flags& flags, ControllerOptions& options) {
  kubernetes::ApiServer server = flags.kubernetes;
  if (server.url.empty() && !flags.in_cluster) {
    if (server.token_file.empty() && server.ca_file.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--kubernetes-token-file and --kubernetes-ca-file need --kubernetes or --kubernetes-api");
  }
  if (server.url.empty()) {
    const auto found = kubernetes::InCluster([](const char* name) { return std::getenv(name); });
    if (!found.ok()) return found.status();
    server = *found;
    if (!flags.kubernetes.token_file.empty()) server.token_file = flags.kubernetes.token_file;
    if (!flags.kubernetes.ca_file.empty()) server.ca_file = flags.kubernetes.ca_file;
  }
  while (server.url.ends_with('/')) server.url.pop_back();
  if (auto status = kubernetes::CheckApiServer(server); !status.ok()) return status;
  options.kubernetes = std::move(server);
  return absl::OkStatus();
}

absl::Status FillSessions(const Flags& flags, dashboard::SessionLimits& limits) {
  const auto idle = ParseDuration(flags.session_idle);
  if (!idle.ok()) return Annotate(idle.status(), "--session-idle");
  const auto life = ParseDuration(flags.session_life);
  if (!life.ok()) return Annotate(life.status(), "--session-life");
  if (*life < dashboard::kShortestSession || *life > dashboard::kLongestSession) return absl::InvalidArgumentError("--session-life: must be 1s-7d");
  if (*idle < dashboard::kShortestSession || *idle > *life) return absl::InvalidArgumentError("--session-idle: must be at least 1s and at most --session-life");
  limits = {*idle, *life};
  return absl::OkStatus();
}

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
  if (options.controller.dashboard_listen == "off") options.controller.dashboard_listen.clear();
  if (flags.history_mib < 64 || flags.history_mib > 65536) return absl::InvalidArgumentError("--history-size: must be 64-65536 (MiB)");
  if (auto status = FillSessions(flags, options.controller.sessions); !status.ok()) return status;
  if (auto status = FillKubernetes(flags, options.controller); !status.ok()) return status;
  options.controller.history_bytes = flags.history_mib << 20;
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
  auto* dashboard = app.add_option("--dashboard-listen", c.dashboard_listen, "IP:port of the dashboard (HTTPS); `off`: none")->capture_default_str();
  app.add_option("--session-idle", flags.session_idle, "A dashboard session ends after this long without use; an open page is use")->capture_default_str();
  app.add_option("--session-life", flags.session_life, "A dashboard session ends this long after its login, used or not")->capture_default_str();
  app.add_option("--history-size", flags.history_mib, "Most MiB that the history of golden signals takes on disk")->capture_default_str();
  app.add_flag("--metrics-allow-remote", c.metrics_allow_remote, "Let --metrics-listen be on an address that is not loopback");
  app.add_option("--ready-file", options.ready_file, "Write {\"pid\", \"port\", \"metrics_port\", \"dashboard_port\"} here once serving");
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_option("--log-format", flags.log_format, "auto (terminal: human, else json), json or human")->capture_default_str();
  app.add_option("--agent-certificate-life", flags.agent_life, "Life of agents' certificates; they renew at two thirds of it")->capture_default_str();
  app.add_flag("--new-authority", c.new_authority,
               "Make a certificate authority although the store has a past and its own is lost; every agent must enrol again");
  app.add_option("--restore", c.restore, "Begin with this backup (yardctl backup); the data directory must have no store");
  app.add_option("--restore-seal-key", c.restore_seal_key, "seal.key of the controller that made the backup (default: the one in the data directory)");
  app.add_flag("--kubernetes", flags.in_cluster, "Watch EndpointSlices with the service account of the pod that this runs in");
  app.add_option("--kubernetes-api", flags.kubernetes.url, "Watch them at this API server, https://HOST:PORT (http for the own host only)");
  app.add_option("--kubernetes-token-file", flags.kubernetes.token_file, "Bearer token for it, read anew for each request");
  app.add_option("--kubernetes-ca-file", flags.kubernetes.ca_file, "Authorities for its certificate, PEM (default with --kubernetes-api: the system's)");
  app.add_option("--trust-domain", c.authority.trust_domain, "Trust domain of a certificate authority yet to be made")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kWrongUse;
    return std::nullopt;
  }
  c.metrics_required = metrics->count() > 0;
  c.dashboard_required = dashboard->count() > 0;
  if (const auto status = Fill(flags, options); !status.ok()) {
    fmt::print(stderr, "yard-controller: {}\nRun with --help for more information.\n", Message(status));
    exit_code = kWrongUse;
    return std::nullopt;
  }
  return options;
}

}  // namespace switchyard::controlplane
