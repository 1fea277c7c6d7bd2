// yard-load: an HTTP/1.1 load generator. Ends by itself or on SIGINT/SIGTERM, with its figures on stdout.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "tools/yard-load/options.h"
#include "tools/yard-load/runner.h"
#include "tools/yard-load/summary_text.h"

namespace {

using switchyard::tools::load::Runner;

// Returns when the run is over; the first signal stops it early, the second at once.
bool Watch(Runner& runner, const sigset_t& signals, bool quiet) {
  std::uint64_t before = 0;
  int received = 0;
  constexpr int kPerSecond = 10;
  for (int tick = 1; !runner.live().done; ++tick) {
    const timespec wait{0, 1'000'000'000 / kPerSecond};
    if (sigtimedwait(&signals, nullptr, &wait) > 0 && ++received == 1) runner.Stop();
    if (received > 1) return false;
    if (quiet || tick % kPerSecond != 0) continue;
    const Runner::Live live = runner.live();
    fmt::print(stderr, "yard-load: {:>5} s  {:>9} requests  {:>8}/s  {} failed\n", tick / kPerSecond, live.requests, live.requests - before, live.failed);
    before = live.requests;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  const auto options = switchyard::tools::load::ParseOptions(argc, argv, exit_code);
  if (!options) return exit_code;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const switchyard::SystemClock clock;
  auto runner = Runner::Start(options->plan, clock);
  if (!runner.ok()) {
    fmt::print(stderr, "yard-load: {}\n", switchyard::Message(runner.status()));
    return 1;
  }
  if (!Watch(**runner, signals, options->quiet)) std::_Exit(130);
  const auto summary = (*runner)->Wait();
  fmt::print("{}", options->json ? ToJson(options->plan, summary) : ToTable(options->plan, summary));
  return options->fail_on_error && summary.tally.failed() > 0 ? 1 : 0;
}
