// Agent: the composition root of yard-agent. Every part is made here, once, and wired by hand; a reader sees the program in agent.cc.
//
// Order of start: admin port -> workers -> last-good configuration is served -> ready file -> controller. So an agent serves before it has
// tried to reach anybody, and goes on serving whatever becomes of the controller.
// Taking over (--take-over): everything that the old process holds comes first, is served, and is then claimed; only then follow ready file and
// controller. Handing over: agent/succession.h. A process that has handed over drains, whatever else it is told to.
// Order of end (SIGTERM): not ready -> workers drain, bounded -> stream closed -> workers stopped -> exit 0. A second signal ends at once.
//
// Threads: the caller's thread is the control loop (probes, admin, stream, reports); N workers; gRPC's own; one that writes the last-good
// file; one while enrolling.
// Thread-safety: one thread calls Start and Run. Errors: Start says what is wrong and where; while running, parts log and go on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/options.h"

namespace switchyard::agent {

class Agent {
 public:
  // Serving when it returns, and in the place of the agent before where that was asked for, if there was anything to serve. `log` and `clock` must
  // outlive the agent.
  static absl::StatusOr<std::unique_ptr<Agent>> Start(const AgentOptions& options, const Clock& clock, observe::Log& log);
  virtual ~Agent() = default;
  // Until a signal (or a lack that only a person can mend) ends it. Returns the exit code of the process.
  virtual int Run() = 0;
};

}  // namespace switchyard::agent
