// yard-agent: the Switchyard proxy of one host.
#include <grpc/support/log.h>
#include <malloc.h>

#include <csignal>
#include <memory>

#include "agent/agent.h"
#include "agent/options.h"
#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/status.h"
#include "common/observe/log.h"
#include "common/rpc/mutex_checks.h"
#include "common/tls/tls13.h"

namespace {

// glibc gives each thread an arena of its own, which is memory that an idle agent would hold for nothing.
constexpr int kArenas = 2;

}  // namespace

int main(int argc, char** argv) {
  using namespace switchyard;
  mallopt(M_ARENA_MAX, kArenas);
  RaiseDescriptorLimit();
  rpc::SkipMutexChecks();
  // gRPC's own complaints would be lines of another shape; ours say the same with a remedy.
  gpr_set_log_function([](gpr_log_func_args*) {});
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGUSR2, SIG_IGN);
  int exit_code = 0;
  const std::optional<agent::AgentOptions> options = agent::ParseOptions(argc, argv, exit_code);
  if (!options.has_value()) return exit_code;
  const SystemClock clock;
  const std::unique_ptr<observe::Log> log = observe::OpenLog({options->log_level, options->log_format, &clock});
  if (const absl::Status floor = switchyard::tls::RequireTls13(); !floor.ok()) {
    log->Error("cannot start", {{"error", Message(floor)}});
    return 1;
  }
  absl::StatusOr<std::unique_ptr<agent::Agent>> started = agent::Agent::Start(*options, clock, *log);
  if (!started.ok()) {
    log->Error("cannot start", {{"error", Message(started.status())}});
    return 1;
  }
  return (*started)->Run();
}
