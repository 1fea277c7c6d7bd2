// Command line of yard-origin.
#pragma once

#include <optional>
#include <string>

#include "tools/yard-origin/server.h"

namespace switchyard::tools::origin {

struct Options {
  ServerOptions server;
  std::string ready_file;
};

// Prints help, version or the complaint itself. Absent: end with `exit_code` (0 help, 2 usage).
std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace switchyard::tools::origin
