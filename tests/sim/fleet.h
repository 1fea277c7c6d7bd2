// A fleet on simulated time: agents that run the proxy's own picker, breakers and balancers, and modelled backends.
//
// Discrete events, open-loop Poisson arrivals spread over the agents, a fixed delay each way, backends as FIFO queues with a number of slots.
// Service is drawn when it starts, at the backend's speed of that moment. Backends can burst (be slow for a while, at random), and fail in
// the ways of `Fault`. Where `reports` is set, each backend stamps its responses and answers probes, as a destination agent would.
//
// The same scenario and seed give the same result. Thread-safety: one owner. Bounds: `requests`; memory grows with those under way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/balancer/picker.h"

namespace switchyard::tests::sim {

struct BackendModel {
  int slots = 4;
  double speed = 1;
  std::uint32_t weight = 1;
  // When it takes traffic at all, in seconds: joins and leaves of a deploy.
  double joins = 0;
  double leaves = 1e9;
  // For this long after joining it works at a third of its speed.
  double cold = 0;
};

struct Fault {
  enum class Kind : std::uint8_t { kFailFast, kRefuse, kSlow, kErrors, kHang };
  Kind kind = Kind::kFailFast;
  std::size_t backend = 0;
  double from = 0;
  double to = 1e9;
  double value = 0;  // kSlow: factor; kErrors, kHang: share of requests
  bool all = false;  // every backend
};

struct Scenario {
  agent::balancer::Kind kind = agent::balancer::Kind::kLeastRequest;
  bool reports = false;
  // Each agent tells its requests in flight every `tells` seconds (0: never); the sum comes to all every `tells` seconds, `push` seconds later.
  double tells = 0;
  double push = 0.05;
  agent::breaker::Mode breaker = agent::breaker::Mode::kOff;
  agent::balancer::SlowStartPolicy slow_start;
  int agents = 20;
  double rate = 1'000;          // requests per second, all agents
  std::uint64_t requests = 80'000;
  double warm_up = 0.15;        // share of requests that is not measured
  double service = 0.010;       // mean, seconds
  bool exponential = false;     // else normal with sd = mean before truncation
  bool bursts = false;          // x0.4 for exp(`burst`) every exp(`burst_gap`)
  double burst = 1;             // seconds
  double burst_gap = 5;
  double timeout = 1;           // of a request that hangs, seconds
  std::vector<BackendModel> backends;
  std::vector<Fault> faults;
  std::uint64_t seed = 1;
};

struct Outcome {
  double p50 = 0;  // milliseconds, of requests that were measured
  double p99 = 0;
  double p999 = 0;
  double failed = 0;               // share of those measured
  std::uint64_t failures = 0;      // all of them
  std::vector<double> shares;      // of those measured, by backend
  double probes_per_request = 0;
  std::uint64_t opened = 0;        // breakers, over all agents
  std::vector<double> shares_late; // of the last fifth
};

Outcome Simulate(const Scenario& scenario);

// How often one breaker goes from closed to open or back in ten minutes of 250 attempts per second of which `error` fail.
std::uint64_t ChangesInTenMinutes(const agent::breaker::BreakerPolicy& policy, double error, std::uint64_t seed);

}  // namespace switchyard::tests::sim
