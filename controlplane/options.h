// The command line of yard-controller. `yard-controller --help` is its manual.
//
// Thread-safety: call once, from main. Errors: a wrong flag prints what is wrong and how to get help.
#pragma once

#include <optional>
#include <string>

#include "common/observe/log.h"
#include "controlplane/controller.h"

namespace switchyard::controlplane {

struct ProgramOptions {
  ControllerOptions controller;
  // Empty: none is written.
  std::string ready_file;
  observe::LogLevel log_level = observe::LogLevel::kInfo;
  observe::LogFormat log_format = observe::LogFormat::kAuto;
};

// Nothing: the program is to end with `exit_code` (0 after --help and --version, 2 for wrong use).
std::optional<ProgramOptions> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace switchyard::controlplane
