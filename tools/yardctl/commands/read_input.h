// Reading `-f` for a command: complaints are printed, so the caller goes on only with kOk.
//
// Thread-safety: one command at a time.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "tools/yardctl/context.h"
#include "tools/yardctl/input.h"

namespace switchyard::tools::yardctl {

// kLocalFile: something cannot be read. kRefused: the text has mistakes, all of which were printed, or holds no resource.
ExitCode ReadInput(const std::vector<std::string>& files, const Context& context, std::istream& standard_input, Input& input);

// Prints every violation with its place. kRefused when there was one, else kOk.
ExitCode ShowViolations(const config::ViolationList& violations, const Input& input, const Context& context);

}  // namespace switchyard::tools::yardctl
