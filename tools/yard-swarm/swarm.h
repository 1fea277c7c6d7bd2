// Swarm: many simulated agents in one process, each with its own certificate and stream, against one real controller.
//
// They are agents as far as the controller can tell: the same client, enrolment and overlay code; they serve nothing, apply every configuration at once, and
// send made-up evidence and reports: of `busy` backends each, with latency histograms, and the health of those that they are asked to probe. So what is
// measured is the controller and the streams, not proxies. What happens is written to `events` as it happens, one JSON object per line: tests/prove/swarm
// makes a table of it. One thread carries all of them: with thousands, look at its CPU time before blaming the controller for what comes late. What each
// agent of a fleet works out on a host of its own, the configuration after a change, is worked out once here and shared.
//
// Thread-safety: one thread, but for enrolment, which uses kEnrolThreads. Bounds: kMostAgents. Errors: what cannot enrol is counted, and left out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace switchyard::tools::swarm {

inline constexpr std::size_t kMostAgents = 20'000;

struct SwarmOptions {
  std::string controller;  // HOST:PORT
  std::string token;       // whole join token
  std::string directory;   // for keys and certificates; made if needed
  std::size_t agents = 1'000;
  // Backends that each agent sends evidence of, each period; of those in its configuration.
  std::size_t busy = 20;
  Duration warm_up = std::chrono::seconds(10);
  std::size_t rounds = 5;  // of a verdict: onset until every agent was told
  Duration round_gap = std::chrono::seconds(3);
  double rate = 200;          // of first connections, per second
  std::string events;         // file to append to; empty: nowhere
  std::uint64_t seed = 1;
};

struct Spread {
  double p50 = 0;  // seconds
  double p99 = 0;
  double last = 0;
};

struct SwarmResult {
  std::size_t enrolled = 0;
  double enrol_seconds = 0;
  double connect_seconds = 0;            // until all were welcomed and had the configuration
  std::vector<Spread> verdicts;          // per round: onset to told, over all agents
  std::vector<Spread> told;              // per round: first told to told
  std::uint64_t overlays = 0;
  std::uint64_t evidence = 0;
};

class Swarm {
 public:
  virtual ~Swarm() = default;
  static std::unique_ptr<Swarm> Make(const SwarmOptions& options);
  // Enrols, connects, runs the rounds. Prints progress to stderr.
  virtual SwarmResult Run() = 0;
  // Stays connected and tells on stderr when agents are lost and when all are back, until SIGINT or SIGTERM.
  virtual void Stay() = 0;
};

}  // namespace switchyard::tools::swarm
