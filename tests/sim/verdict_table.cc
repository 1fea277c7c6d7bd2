#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/sim/laws.h"
#include "tests/unit/controlplane/fleet/fleet_case.h"

namespace switchyard::tests::sim {
namespace {

using controlplane::fleet::FleetCase;

constexpr int kSick = 3;

struct Delays {
  double p50 = -1;
  double p99 = -1;
  std::uint64_t wrong = 0;
};

// `routes`: shares of the traffic; empty: one route.
Delays Measure(int agents, double rate, double error, std::uint64_t seeds, const std::vector<double>& routes = {}) {
  std::vector<double> delays;
  Delays out;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    FleetCase fleet(agents, 10, rate, seed);
    fleet.routes = routes;
    fleet.error = [](int, int) { return 0.002; };
    fleet.Run(3);
    fleet.error = [error](int, int b) { return b == kSick ? error : 0.002; };
    const double delay = fleet.UntilEjected(kSick, 60);
    delays.push_back(delay < 0 ? 60 : delay);
    out.wrong += fleet.Ejections() - (delay < 0 ? 0 : 1);
  }
  std::sort(delays.begin(), delays.end());
  out.p50 = delays[delays.size() / 2];
  out.p99 = delays[std::min(delays.size() - 1, delays.size() * 99 / 100)];
  return out;
}

// A quarter of an hour of trouble that is nobody's or one agent's.
std::uint64_t Innocent(int agents, const std::function<double(int, int)>& error, bool unanswered, double seconds) {
  FleetCase fleet(agents, 10, 250);
  fleet.Run(3);
  fleet.unanswered = unanswered;
  fleet.error = error;
  fleet.Run(seconds);
  return fleet.Ejections();
}

// One route fails so often at one backend, or at all of them, beside a usual share of errors.
std::uint64_t SickEndpoint(double share, double usual, bool everywhere, double seconds) {
  FleetCase fleet(20, 10, 250);
  fleet.routes = {0.25, 0.25, 0.25, 0.25};
  fleet.error = [usual](int, int) { return usual; };
  fleet.Run(3);
  fleet.route_error = [share, everywhere](int b, int route) { return route == 1 && (everywhere || b == kSick) ? share : 0; };
  fleet.Run(seconds);
  return fleet.Ejections();
}

std::string ByRoutes(bool full, std::uint64_t seeds) {
  std::string out = "\nThe same by routes, 30 % errors for all of them, 20 agents, 250 rps: ";
  const std::vector<std::pair<const char*, std::vector<double>>> shapes = {{"one", {}},
                                                                           {"two", {0.5, 0.5}},
                                                                           {"four", {0.25, 0.25, 0.25, 0.25}},
                                                                           {"80, 10 and 10 %", {0.8, 0.1, 0.1}},
                                                                           {"sixteen", std::vector<double>(16, 1.0 / 16)}};
  for (const auto& [name, shares] : shapes) {
    const Delays delays = Measure(20, 250, 0.3, seeds, shares);
    out += fmt::format("{}{} {:.2f} / {:.2f} ({})", out.back() == ' ' ? "" : "; ", name, delays.p50, delays.p99, delays.wrong);
  }
  const double seconds = full ? 900 : 60;
  out += fmt::format("\n\nEjections in {:.0f} s for one sick endpoint of four: ", seconds);
  for (const double share : {1.0, 0.3, 0.1}) out += fmt::format("{:.0f} % of its answers {}; ", 100 * share, SickEndpoint(share, 0.002, false, seconds));
  return out + fmt::format("100 % beside 1 % of all {}; 100 % at every backend {}\n", SickEndpoint(1, 0.01, false, seconds),
                           SickEndpoint(1, 0.002, true, seconds));
}

}  // namespace

std::string Verdicts(bool full) {
  const std::uint64_t seeds = full ? 100 : 5;
  std::string out = "Seconds from onset until the fleet's verdict: 1 of 10 backends, evidence every 100 ms; p50 / p99 (others ejected)\n\n";
  out += "| errors | 20 agents, 250 rps | 20 agents, 25 rps | 100 agents, 250 rps |\n|---|---|---|---|\n";
  constexpr std::array<std::pair<int, double>, 3> kFleets = {{{20, 250}, {20, 25}, {100, 250}}};
  for (const double error : {0.1, 0.3, 0.5, 1.0}) {
    out += fmt::format("| {:.0f} % |", 100 * error);
    for (const auto& [agents, rate] : kFleets) {
      const Delays delays = Measure(agents, rate, error, seeds);
      out += fmt::format(" {:.2f} / {:.2f} ({}) |", delays.p50, delays.p99, delays.wrong);
    }
    out += '\n';
  }
  const double seconds = full ? 900 : 60;
  out += fmt::format("\nEjections in {:.0f} s, 20 agents, 250 rps per backend: ", seconds);
  out += fmt::format("healthy at 1 % errors {}; all fail {}; all fail 20 % {}; one agent's uplink dead {}; ",
                     Innocent(20, [](int, int) { return 0.01; }, false, seconds), Innocent(20, [](int, int) { return 1.0; }, false, seconds),
                     Innocent(20, [](int, int) { return 0.2; }, false, seconds),
                     Innocent(20, [](int a, int) { return a == 7 ? 1.0 : 0.001; }, true, seconds));
  out += fmt::format("one agent lies about one backend {}; a rack of five without uplink {}\n",
                     Innocent(20, [](int a, int b) { return a == 7 && b == kSick ? 1.0 : 0.001; }, true, seconds),
                     Innocent(20, [](int a, int) { return a < 5 ? 1.0 : 0.001; }, true, seconds));
  return out + ByRoutes(full, seeds);
}

}  // namespace switchyard::tests::sim
