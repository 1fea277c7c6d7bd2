// Where a change is live: the lines that `apply --wait`, `delete --wait` and `status` end with, and the exit code that goes with them.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "switchyard/v1/fleet.pb.h"
#include "tools/yardctl/exit_code.h"

namespace switchyard::tools::yardctl {

// First line: `live on 3 of 3 agents after 12ms`. Then, for each agent that does not serve all of it, a line with agent, resource, field
// and reason, e.g. `  edge-2: quarantined: Listener/web: spec.port: address in use`.
std::string ConvergenceText(const v1::Convergence& convergence);
// kOk when complete, else kNotConverged.
ExitCode ConvergenceExit(const v1::Convergence& convergence);

}  // namespace switchyard::tools::yardctl
