// yard-controller: see options.h for the command line, controller.h for what it is made of.
//
// Exit codes: 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 for wrong use.
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "common/base/descriptors.h"
#include "common/base/status.h"
#include "common/rpc/mutex_checks.h"
#include "common/tls/tls13.h"
#include "controlplane/controller.h"
#include "controlplane/options.h"

namespace {

using switchyard::controlplane::Controller;

// Whole or not at all: written beside, then renamed.
bool WriteReadyFile(const std::string& path, const Controller& controller) {
  const std::string beside = path + ".tmp";
  std::FILE* file = std::fopen(beside.c_str(), "w");
  if (file == nullptr) return false;
  const std::string text =
      fmt::format("{{\"pid\":{},\"port\":{},\"metrics_port\":{},\"dashboard_port\":{}}}\n", getpid(), controller.port(), controller.metrics_port(),
                  controller.dashboard_port());
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written && std::rename(beside.c_str(), path.c_str()) == 0;
}

void Greet(const Controller& controller) {
  if (!controller.credential_written()) return;
  fmt::print("The admin credential of this fleet is in {}\n"
             "Whoever can read it may change the fleet. On this machine yardctl finds it by itself when the data directory is the default one;\n"
             "elsewhere: export YARDCTL_CREDENTIAL={}\n"
             "Next:  yardctl token create     makes a join token for an agent\n"
             "       yardctl dashboard        makes a link that logs you in to the dashboard\n"
             "       yard-agent --controller HOST:{} --join-token TOKEN     on each host\n",
             controller.credential_path(), controller.credential_path(), controller.port());
  std::fflush(stdout);
}

// gRPC's own complaints would be lines of another shape; ours say the same with a remedy.
void Silence(gpr_log_func_args*) {}

int Fail(const absl::Status& status) {
  fmt::print(stderr, "yard-controller: {}\n", switchyard::Message(status));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  const auto options = switchyard::controlplane::ParseOptions(argc, argv, exit_code);
  if (!options) return exit_code;

  // Threads are few and allocate little: more arenas would only hold memory.
  mallopt(M_ARENA_MAX, 2);
  switchyard::RaiseDescriptorLimit();
  switchyard::rpc::SkipMutexChecks();
  gpr_set_log_function(&Silence);
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (const auto status = switchyard::tls::RequireTls13(); !status.ok()) return Fail(status);

  const switchyard::SystemClock clock;
  const auto log = switchyard::observe::OpenLog({options->log_level, options->log_format, &clock});
  auto controller = Controller::Start(options->controller, {&clock, log.get(), nullptr});
  if (!controller.ok()) return Fail(controller.status());
  Greet(**controller);
  log->Info("serving", {{"listen", options->controller.listen},
                        {"port", (*controller)->port()},
                        {"metrics_port", (*controller)->metrics_port()},
                        {"dashboard_port", (*controller)->dashboard_port()},
                        {"data_dir", options->controller.data_dir},
                        {"version", options->controller.version}});
  if (!options->ready_file.empty() && !WriteReadyFile(options->ready_file, **controller)) {
    return Fail(absl::UnavailableError(fmt::format("cannot write --ready-file {}", options->ready_file)));
  }
  int signal = 0;
  sigwait(&signals, &signal);
  log->Info("stopping", {{"signal", signal}});
  (*controller)->Stop();
  return 0;
}
