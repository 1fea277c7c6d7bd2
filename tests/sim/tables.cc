#include "tests/sim/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tests/sim/setups.h"

namespace switchyard::tests::sim {
namespace {

using agent::balancer::Kind;
using agent::breaker::Mode;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Medians over the seeds.
struct Row {
  double p50, p99, p999, failed, share, share_late, probes;
};

Row Measure(Scenario scenario, bool full, std::size_t watched = 0) {
  std::vector<Outcome> runs;
  if (!full) scenario.requests /= 4;
  for (std::uint64_t seed = 1; seed <= (full ? 5U : 1U); ++seed) {
    scenario.seed = seed;
    runs.push_back(Simulate(scenario));
  }
  const auto median = [&](auto&& of) {
    std::vector<double> values;
    for (const Outcome& run : runs) values.push_back(of(run));
    return Median(values);
  };
  return {median([](const Outcome& o) { return o.p50; }),
          median([](const Outcome& o) { return o.p99; }),
          median([](const Outcome& o) { return o.p999; }),
          median([](const Outcome& o) { return 100 * o.failed; }),
          median([&](const Outcome& o) { return 100 * o.shares[watched]; }),
          median([&](const Outcome& o) { return 100 * o.shares_late[watched]; }),
          median([](const Outcome& o) { return o.probes_per_request; })};
}

std::string FleetTable(bool full, bool uneven) {
  std::string out = "| policy | 20 agents: p50 | p99 | p99.9 | 100 agents: p50 | p99 | p99.9 | probes per request |\n|---|---|---|---|---|---|---|---|\n";
  for (const Policy& policy : kPolicies) {
    if (!uneven && policy.true_weights) continue;
    const Row few = Measure(UnevenFleet(policy, 20, 0.75, uneven), full);
    const Row many = Measure(UnevenFleet(policy, 100, 0.75, uneven), full);
    out += fmt::format("| {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.2f} |\n", policy.name, few.p50, few.p99, few.p999, many.p50,
                       many.p99, many.p999, many.probes);
  }
  return out;
}

std::string SlowerTable(bool full) {
  std::string out = "| policy | uneven: p50 | p99 | p99.9 | even: p50 | p99 | p99.9 |\n|---|---|---|---|---|---|---|\n";
  for (const Policy& policy : kPolicies) {
    if (policy.true_weights) continue;
    const Row uneven = Measure(SlowerFleet(policy, true), full);
    const Row even = Measure(SlowerFleet(policy, false), full);
    out += fmt::format("| {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} |\n", policy.name, uneven.p50, uneven.p99, uneven.p999, even.p50, even.p99,
                       even.p999);
  }
  return out;
}

struct GrayCase {
  const char* name;
  Fault fault;
};

}  // namespace

std::string Uneven(bool full) {
  return "### Uneven fleet: 40 backends, 10 at half speed, bursts; load 0.75; latency in ms\n\n" + FleetTable(full, true);
}

std::string Even(bool full) { return "### Even fleet, load 0.75; latency in ms\n\n" + FleetTable(full, false); }

std::string Slower(bool full) {
  return "### Service times of 40 ms, 20 agents, load 0.75: overlays are fresher than requests are long; latency in ms\n\n" + SlowerTable(full);
}

std::string Gray(bool full) {
  const GrayCase cases[] = {{"fails at once", {Fault::Kind::kFailFast, 7, 1}},
                            {"refuses connections", {Fault::Kind::kRefuse, 7, 1}},
                            {"10 times slower", {Fault::Kind::kSlow, 7, 1, 1e9, 10}},
                            {"fails 30 %", {Fault::Kind::kErrors, 7, 1, 1e9, 0.3}},
                            {"half hang for 1 s", {Fault::Kind::kHang, 7, 1, 1e9, 0.5}},
                            {"all fail 30 %", {Fault::Kind::kErrors, 7, 1, 1e9, 0.3, true}}};
  std::string out = "### One of 40 backends is sick (fair share 2.5 %); 20 agents, load 0.5\n\n"
                    "| sickness | policy | breaker | share at the end, % | failed, % | p99, ms |\n|---|---|---|---|---|---|\n";
  for (const GrayCase& one : cases) {
    for (const Policy& policy : {kRoundRobin, kLeastRequest, kPeakEwma, kPrequal, kAdaptiveLocal, kAdaptiveOverlay, kAdaptive}) {
      for (const Mode mode : {Mode::kOff, Mode::kCount, Mode::kEvidence}) {
        Scenario scenario = UnevenFleet(policy, 20, 0.5, false);
        scenario.breaker = mode;
        scenario.faults = {one.fault};
        const Row row = Measure(scenario, full, 7);
        const char* name = mode == Mode::kOff ? "off" : mode == Mode::kCount ? "COUNT" : "EVIDENCE";
        out += fmt::format("| {} | {} | {} | {:.2f} | {:.2f} | {:.0f} |\n", one.name, policy.name, name, row.share_late, row.failed, row.p99);
      }
    }
  }
  return out;
}

std::string Finagle(bool full) {
  std::string out = "### 10 backends at 1250 rps, one agent: slow x10 from 15 to 45 s, down from 10 to 25 s\n\n"
                    "| policy | breaker | slow: p99, ms | p99.9 | share of the slow one, % | down: failed, % | share of the one that was down, % |\n"
                    "|---|---|---|---|---|---|---|\n";
  for (const Policy& policy : {kRoundRobin, kLeastRequest, kPeakEwma, kAdaptiveLocal, kAdaptive}) {
    for (const Mode mode : {Mode::kOff, Mode::kEvidence}) {
      Scenario scenario;
      scenario.kind = policy.kind;
      scenario.reports = policy.reports;
      scenario.breaker = mode;
      scenario.agents = 1;
      scenario.rate = 1'250;
      scenario.requests = 1'250 * 60;
      scenario.exponential = true;
      scenario.warm_up = 0;
      scenario.backends.assign(10, BackendModel{100});
      scenario.faults = {{Fault::Kind::kSlow, 3, 15, 45, 10}};
      const Row slow = Measure(scenario, full, 3);
      scenario.faults = {{Fault::Kind::kFailFast, 3, 10, 25}};
      const Row down = Measure(scenario, full, 3);
      out += fmt::format("| {} | {} | {:.0f} | {:.0f} | {:.1f} | {:.2f} | {:.1f} |\n", policy.name, mode == Mode::kOff ? "off" : "EVIDENCE", slow.p99,
                         slow.p999, slow.share, down.failed, down.share_late);
    }
  }
  return out;
}

std::string Deploy(bool full) {
  std::string out = "### Deploy: 50 backends replaced 5 at a time under 0.8 load, new ones at a third of their speed for 5 s\n\n"
                    "| policy | slow start | p99, ms | without deploy | failed |\n|---|---|---|---|---|\n";
  for (const Policy& policy : {kRoundRobin, kLeastRequest, kPeakEwma, kAdaptiveLocal, kAdaptive}) {
    for (const bool slow_start : {false, true}) {
      Scenario scenario;
      scenario.kind = policy.kind;
      scenario.reports = policy.reports;
      scenario.rate = 0.8 * 50 * 4 / scenario.service / 4;  // a quarter of the events, same load
      scenario.requests = static_cast<std::uint64_t>(scenario.rate * 60);
      if (slow_start) scenario.slow_start = {std::chrono::seconds(10), 1};
      scenario.backends.assign(50, BackendModel{1});
      const Row steady = Measure(scenario, full);
      for (int i = 0; i < 50; ++i) {
        const double at = 5 + 5 * (i / 5);
        scenario.backends[static_cast<std::size_t>(i)].leaves = at;
        scenario.backends.push_back({1, 1, 1, at, 1e9, 5});
      }
      const Row deploy = Measure(scenario, full);
      out += fmt::format("| {} | {} | {:.0f} | {:.0f} | {:.2f} |\n", policy.name, slow_start ? "10 s" : "off", deploy.p99, steady.p99, deploy.failed);
    }
  }
  return out;
}

std::string BreakerChanges(bool full) {
  std::string out = "### Changes between closed and open in ten minutes at a steady error share, 250 rps\n\n| breaker |";
  const double shares[] = {0.02, 0.05, 0.1, 0.2, 0.4, 0.5, 0.6, 0.8};
  for (const double share : shares) out += fmt::format(" {:.0f} % |", 100 * share);
  out += "\n|---|---|---|---|---|---|---|---|---|\n";
  agent::breaker::BreakerPolicy single;
  single.mode = Mode::kCount;
  single.failure_threshold = 1'000'000;
  single.success_threshold = single.half_open_max_requests = 1;
  const std::pair<const char*, agent::breaker::BreakerPolicy> breakers[] = {{"50 %, single probe", single}, {"EVIDENCE", {}}};
  for (const auto& [name, policy] : breakers) {
    out += fmt::format("| {} |", name);
    for (const double share : shares) {
      double changes = 0;
      const std::uint64_t seeds = full ? 8 : 2;
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) changes += static_cast<double>(ChangesInTenMinutes(policy, share, seed));
      out += fmt::format(" {:.1f} |", changes / static_cast<double>(seeds));
    }
    out += "\n";
  }
  return out;
}

}  // namespace switchyard::tests::sim
