// Command line of yard-load.
#pragma once

#include <optional>

#include "tools/yard-load/plan.h"

namespace switchyard::tools::load {

struct Options {
  Plan plan;
  bool json = false;
  bool quiet = false;
  bool fail_on_error = false;
};

// Prints help, version or the complaint itself. Absent: end with `exit_code` (0 help, 2 usage).
std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace switchyard::tools::load
