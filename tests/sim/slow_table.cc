#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include <fmt/format.h>

#include "tests/sim/laws.h"
#include "tests/unit/controlplane/fleet/fleet_case.h"

namespace switchyard::tests::sim {
namespace {

using controlplane::fleet::FleetCase;
using Latency = std::function<double(int, int, Random&)>;

constexpr int kSlowOne = 3;

// Exponential, mean 10 ms: the hardest to tell apart of what is usual.
double Service(Random& random) { return -10 * std::log(1 - random.Unit()); }

struct SlowDelays {
  double p50 = 0;
  double p99 = 0;
  std::size_t found = 0;
  std::uint64_t wrong = 0;
};

SlowDelays MeasureSlow(int agents, double rate, double factor, std::uint64_t seeds) {
  std::vector<double> delays;
  SlowDelays out;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    FleetCase fleet(agents, 10, rate, seed);
    fleet.latency = [](int, int, Random& random) { return Service(random); };
    fleet.Run(12);
    fleet.latency = [factor](int, int b, Random& random) { return (b == kSlowOne ? factor : 1) * Service(random); };
    const double delay = fleet.UntilEjected(kSlowOne, 30);
    delays.push_back(delay < 0 ? 30 : delay);
    out.found += delay < 0 ? 0 : 1;
    out.wrong += fleet.ledger.counters().slow_ejections + fleet.Ejections() - (delay < 0 ? 0 : 1);
  }
  std::sort(delays.begin(), delays.end());
  out.p50 = delays[delays.size() / 2];
  out.p99 = delays[std::min(delays.size() - 1, delays.size() * 99 / 100)];
  return out;
}

std::uint64_t InnocentSlow(const Latency& latency, double seconds) {
  FleetCase fleet(20, 10, 100);
  fleet.latency = [](int, int, Random& random) { return Service(random); };
  fleet.Run(12);
  fleet.latency = latency;
  fleet.Run(seconds);
  return fleet.ledger.counters().slow_ejections;
}

}  // namespace

std::string SlowVerdicts(bool full) {
  const std::uint64_t seeds = full ? 20 : 3;
  std::string out =
      "### Slow verdicts\n\nSeconds from onset until a slow backend is ejected: 1 of 10, exponential service of 10 ms, reports every second; "
      "p50 / p99 (found; others ejected)\n\n"
      "| times slower | 20 agents, 250 rps | 20 agents, 25 rps | 100 agents, 250 rps |\n|---|---|---|---|\n";
  constexpr std::array<std::pair<int, double>, 3> kFleets = {{{20, 250}, {20, 25}, {100, 250}}};
  for (const double factor : {2.0, 5.0, 10.0, 30.0}) {
    out += fmt::format("| {:.0f} |", factor);
    for (const auto& [agents, rate] : kFleets) {
      const SlowDelays delays = MeasureSlow(agents, rate, factor, seeds);
      if (delays.found == 0) {
        out += fmt::format(" not ejected (0 %; {}) |", delays.wrong);
      } else {
        const double found = 100.0 * static_cast<double>(delays.found) / static_cast<double>(seeds);
        out += fmt::format(" {:.1f} / {:.1f} ({:.0f} %; {}) |", delays.p50, delays.p99, found, delays.wrong);
      }
    }
    out += '\n';
  }
  const double seconds = full ? 300 : 30;
  const auto jitter = [](int, int b, Random& random) { return (random.Unit() < 0.05 ? 500 : 0) + (1 + 0.15 * b) * Service(random); };
  out += fmt::format("\nEjections for slowness in {:.0f} s, 20 agents, 100 rps per backend: uneven backends (1 to 2.4) with 5 % stragglers {}; "
                     "all ten times slower {}; ",
                     seconds, InnocentSlow(jitter, seconds), InnocentSlow([](int, int, Random& random) { return 10 * Service(random); }, seconds));
  out += fmt::format("one agent's path slow {}; one agent lies about one backend {}; a rack of five 150 ms away {}\n",
                     InnocentSlow([](int a, int, Random& random) { return (a == 7 ? 20 : 1) * Service(random); }, seconds),
                     InnocentSlow([](int a, int b, Random& random) { return (a == 7 && b == kSlowOne ? 50 : 1) * Service(random); }, seconds),
                     InnocentSlow([](int a, int, Random& random) { return (a < 5 ? 150 : 0) + Service(random); }, seconds));
  return out;
}

}  // namespace switchyard::tests::sim
