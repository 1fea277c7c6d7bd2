#include "tools/yard-origin/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "common/base/status.h"

namespace switchyard::tools::origin {
namespace {

struct Flags {
  std::vector<std::string> listens{"127.0.0.1:0"};
  std::vector<std::string> names;
  std::string behaviour;
};

absl::Status Fill(const Flags& flags, Options& options) {
  if (flags.names.size() > flags.listens.size()) return absl::InvalidArgumentError("more --name than --listen");
  for (std::size_t i = 0; i < flags.listens.size(); ++i) {
    absl::StatusOr<Endpoint> address = Endpoint::Parse(flags.listens[i]);
    if (!address.ok()) return Annotate(address.status(), "--listen");
    options.server.listens.push_back({i < flags.names.size() ? flags.names[i] : fmt::format("origin-{}", i + 1), *address});
  }
  if (flags.behaviour.empty()) return absl::OkStatus();
  std::string json = flags.behaviour;
  if (json.front() == '@') {
    std::ifstream file(json.substr(1), std::ios::binary);
    if (!file) return absl::NotFoundError(fmt::format("--behaviour: cannot read {}", json.substr(1)));
    json.assign(std::istreambuf_iterator<char>(file), {});
  }
  absl::StatusOr<Behaviour> behaviour = ParseBehaviour(json);
  if (!behaviour.ok()) return Annotate(behaviour.status(), "--behaviour");
  options.server.behaviour = *std::move(behaviour);
  return absl::OkStatus();
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code) {
  Options options;
  Flags flags;
  CLI::App app("yard-origin: a scripted HTTP/1.1 backend. Its behaviour can be switched while it serves:\n"
               "  curl -X PUT --data '{\"error_rate\": 0.5}' http://ADDRESS/__origin/behaviour\n"
               "Paths: /echo /bytes/N /status/N /ws /sse /healthz /__origin/{behaviour,stats,log,raw}; all others as the behaviour says.");
  app.set_version_flag("--version", std::string("yard-origin ") + SWITCHYARD_VERSION);
  app.add_option("--listen", flags.listens, "IP:port to serve; repeat for several backends in one process (port 0: any free one)")
      ->expected(1)->take_all()->capture_default_str();
  app.add_option("--name", flags.names, "Name sent as x-origin, one per --listen (default origin-1, origin-2, ...)")->expected(1)->take_all();
  app.add_option("--threads", options.server.threads, "Worker threads")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--log-size", options.server.log_size, "Requests remembered per backend and thread")->check(CLI::Range(0, 100000))->capture_default_str();
  app.add_flag("--raw-log", options.server.raw_log, "Remember every received byte of the last 64 connections (GET /__origin/raw)");
  app.add_option("--max-connections", options.server.max_connections, "Open connections per backend and thread")
      ->check(CLI::Range(1, 1000000))->capture_default_str();
  app.add_option("--behaviour", flags.behaviour, "Behaviour at the start: JSON, or @FILE");
  app.add_option("--seed", options.server.seed, "Seed of everything random")->capture_default_str();
  app.add_option("--ready-file", options.ready_file, "Write {\"pid\", \"ports\", \"listeners\"} here once serving");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  if (absl::Status status = Fill(flags, options); !status.ok()) {
    fmt::print(stderr, "yard-origin: {}\n", Message(status));
    exit_code = 2;
    return std::nullopt;
  }
  return options;
}

}  // namespace switchyard::tools::origin
