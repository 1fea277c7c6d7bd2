#include "tools/yard-load/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "common/base/duration.h"
#include "common/base/status.h"

namespace switchyard::tools::load {
namespace {

struct Flags {
  std::vector<std::string> urls;
  std::string duration = "10s";
  std::string warmup = "0s";
  std::string timeout = "10s";
  std::string output = "table";
};

absl::Status ReadDuration(const char* flag, const std::string& text, Duration& out) {
  absl::StatusOr<Duration> value = ParseDuration(text);
  if (!value.ok()) return Annotate(value.status(), flag);
  out = *value;
  return absl::OkStatus();
}

absl::Status CheckHeader(const std::string& header) {
  const std::size_t colon = header.find(':');
  if (colon == 0 || colon == std::string::npos || header.find_first_of("\r\n") != std::string::npos)
    return absl::InvalidArgumentError(fmt::format("--header: expected `Name: value`, got `{}`", header));
  return absl::OkStatus();
}

absl::Status Fill(const Flags& flags, Options& options) {
  Plan& plan = options.plan;
  for (const std::string& url : flags.urls) {
    absl::StatusOr<Target> target = ParseTarget(url);
    if (!target.ok()) return Annotate(target.status(), "--url");
    plan.targets.push_back(*std::move(target));
  }
  for (const std::string& header : plan.headers)
    if (absl::Status status = CheckHeader(header); !status.ok()) return status;
  if (absl::Status status = ReadDuration("--duration", flags.duration, plan.duration); !status.ok()) return status;
  if (absl::Status status = ReadDuration("--warmup", flags.warmup, plan.warmup); !status.ok()) return status;
  if (absl::Status status = ReadDuration("--timeout", flags.timeout, plan.timeout); !status.ok()) return status;
  if (plan.threads > plan.connections) return absl::InvalidArgumentError("--threads: at most --connections");
  options.json = flags.output == "json";
  return absl::OkStatus();
}

void AddPlanOptions(CLI::App& app, Plan& plan, Flags& flags, bool& no_resend) {
  app.add_option("--url", flags.urls, "http://host:port/path; repeat to fail over when one refuses connections")->required()->expected(1)->take_all();
  app.add_option("--rate", plan.rate, "Requests per second, intended starts fixed beforehand (0: closed loop, as fast as the connections allow)")
      ->check(CLI::Range(0.0, 10e6))->capture_default_str();
  app.add_flag("--poisson", plan.poisson, "Intended starts at random, a Poisson process of that rate, instead of evenly spaced");
  app.add_option("--seed", plan.seed, "Of what is random")->capture_default_str();
  app.add_option("--duration", flags.duration, "Length of the measurement (0: until SIGINT or SIGTERM)")->capture_default_str();
  app.add_option("--warmup", flags.warmup, "Before it, requests that are not counted")->capture_default_str();
  app.add_option("--connections", plan.connections, "Connections")->check(CLI::Range(1, 50000))->capture_default_str();
  app.add_option("--threads", plan.threads, "Threads")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--timeout", flags.timeout, "Of one request, from its sending")->capture_default_str();
  app.add_option("--method", plan.method, "Request method")->capture_default_str();
  app.add_option("--body-size", plan.body_size, "Bytes of request body")->check(CLI::Range(0, 1 << 30))->capture_default_str();
  app.add_option("--header", plan.headers, "`Name: value`, repeatable")->expected(1)->take_all();
  app.add_flag("--close", plan.close, "A new connection for each request");
  app.add_flag("--no-resend", no_resend,
               "Count a request as failed when a reused connection ends before any response byte (else an idempotent one is sent again, once)");
  app.add_option("--count-header", plan.count_header, "Count responses by the value of this header, e.g. x-origin");
  app.add_flag("--timeline", plan.timeline, "Requests and failures per 100 ms, in JSON (one hour at most)");
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code) {
  Options options;
  Flags flags;
  bool no_resend = false;
  CLI::App app("yard-load: HTTP/1.1 load with latency measured from the intended start of each request (no coordinated omission).\n"
               "A request fails when it gets no whole response, or a status of 400 and above.");
  app.set_version_flag("--version", std::string("yard-load ") + SWITCHYARD_VERSION);
  AddPlanOptions(app, options.plan, flags, no_resend);
  app.add_option("-o,--output", flags.output, "table or json")->check(CLI::IsMember({"table", "json"}))->capture_default_str();
  app.add_flag("-q,--quiet", options.quiet, "No progress on stderr");
  app.add_flag("--fail-on-error", options.fail_on_error, "Exit with 1 when a request failed");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  options.plan.resend = !no_resend;
  if (absl::Status status = Fill(flags, options); !status.ok()) {
    fmt::print(stderr, "yard-load: {}\n", Message(status));
    exit_code = 2;
    return std::nullopt;
  }
  return options;
}

}  // namespace switchyard::tools::load
