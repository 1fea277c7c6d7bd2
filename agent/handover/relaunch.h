// Relaunch: starts this program anew, as it was started, to take over from this process (SIGUSR2; `systemctl reload`).
//
// The program is found by the path that it was started from, so a new version that a package put there is what starts.
// Thread-safety: any thread. Errors: UNAVAILABLE with path and reason; the caller goes on.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::agent::handover {

// The path of this program's file; read at the start, before an upgrade replaces the file.
std::string OwnProgram();
// Runs it with `arguments` (argv[0] included) and YARD_TAKE_OVER=1 in its environment.
absl::StatusOr<pid_t> StartSuccessor(const std::string& program, const std::vector<std::string>& arguments);
// True: the child has ended, and why.
bool HasEnded(pid_t child, std::string& how);

}  // namespace switchyard::agent::handover
