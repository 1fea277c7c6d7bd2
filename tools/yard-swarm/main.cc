// yard-swarm: thousands of simulated agents on real streams against one controller; prints what they measured.
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/base/descriptors.h"
#include "common/rpc/mutex_checks.h"
#include "common/tls/tls13.h"
#include "tools/yard-swarm/swarm.h"

namespace {

void Print(const switchyard::tools::swarm::SwarmResult& result) {
  fmt::print("agents enrolled     {} in {:.1f} s\n", result.enrolled, result.enrol_seconds);
  fmt::print("connected, applied  {:.1f} s\n", result.connect_seconds);
  fmt::print("sent, received      {} evidence, {} overlays\n", result.evidence, result.overlays);
  for (std::size_t i = 0; i < result.verdicts.size(); ++i) {
    const auto& onset = result.verdicts[i];
    const auto& told = result.told[i];
    fmt::print("verdict {}           onset to told p50 {:.3f} p99 {:.3f} last {:.3f} s; first told to told p50 {:.3f} p99 {:.3f} last {:.3f} s\n", i + 1,
               onset.p50, onset.p99, onset.last, told.p50, told.p99, told.last);
  }
}

}  // namespace

int main(int argc, char** argv) {
  switchyard::tools::swarm::SwarmOptions options;
  bool stay = false;
  CLI::App app("yard-swarm: simulated agents on real streams. They take every configuration, serve nothing, and send made-up evidence.");
  app.add_option("--controller", options.controller, "HOST:PORT")->required();
  app.add_option("--join-token", options.token, "Token with as many uses as there are agents")->required();
  app.add_option("--directory", options.directory, "For keys and certificates; found there again by a later run")->required();
  app.add_option("--agents", options.agents, "How many")->check(CLI::Range(std::size_t{1}, switchyard::tools::swarm::kMostAgents))->capture_default_str();
  app.add_option("--busy", options.busy, "Backends that each agent sends evidence of")->capture_default_str();
  app.add_option("--rounds", options.rounds, "Rounds of one backend that falls ill everywhere")->capture_default_str();
  app.add_option("--rate", options.rate, "First connections per second")->check(CLI::Range(1.0, 1e6))->capture_default_str();
  app.add_option("--events", options.events, "File to append what happens to, one JSON object per line");
  app.add_option("--seed", options.seed, "Of everything random")->capture_default_str();
  app.add_flag("--stay", stay, "Stay afterwards, and tell when agents are lost and when all are back, until SIGINT");
  CLI11_PARSE(app, argc, argv);
  switchyard::RaiseDescriptorLimit();
  switchyard::rpc::SkipMutexChecks();
  if (!switchyard::tls::RequireTls13().ok()) return 1;
  const auto swarm = switchyard::tools::swarm::Swarm::Make(options);
  Print(swarm->Run());
  std::fflush(stdout);
  if (stay) swarm->Stay();
  return 0;
}
