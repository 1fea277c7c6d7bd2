// Process: a real program run by a test, with its output kept and its end certain.
//
// stdout and stderr go into one file each, so a chatty child never blocks on a full pipe; what it printed is in the failure message.
// The child gets SIGKILL when the owner goes out of scope or when the test process dies (PR_SET_PDEATHSIG), so no run leaves strays.
// Signals go to the process by its own id only.
//
// Thread-safety: one thread. Errors: Start fails when the program is not there or cannot run.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/harness/deadline.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::harness {

struct ProcessOptions {
  // argv[0] is the path of the program.
  std::vector<std::string> argv;
  // Added to the test's own environment.
  std::map<std::string, std::string> env;
  // Fed to stdin; empty: /dev/null.
  std::string input;
};

// How a process ended.
struct Exit {
  // Exit code, or -1 when a signal ended it.
  int code = -1;
  // The signal, or 0.
  int signal = 0;
};

class Process {
 public:
  static absl::StatusOr<std::unique_ptr<Process>> Start(ProcessOptions options);
  // Kills what still runs and waits for it.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Sends a signal; does nothing when the process is already gone.
  void Signal(int signal);
  // SIGKILL and wait.
  void Kill();
  // DEADLINE_EXCEEDED when it still runs after `within`.
  absl::StatusOr<Exit> Wait(Duration within = kPatience);
  bool Running();

  // Everything written so far.
  std::string Stdout() const;
  std::string Stderr() const;
  // Command line, exit and both outputs (the last 4 KiB of each), for failure messages.
  std::string Describe() const;
  // Resident memory in KiB from /proc; 0 when gone.
  long ResidentKib() const;

 private:
  Process() = default;
  // True once it has ended and been waited for.
  bool Reap();
  TempDir dir_;
  std::vector<std::string> argv_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  bool ended_ = false;
  Exit exit_;
};

// Runs a program to its end.
struct Finished {
  Exit exit;
  std::string out;
  std::string err;
};
absl::StatusOr<Finished> RunProgram(ProcessOptions options, Duration within = kPatience);

// Path of one of our programs: $YARD_BIN/name (CTest sets YARD_BIN).
std::string ProgramPath(const std::string& name);

}  // namespace switchyard::harness
