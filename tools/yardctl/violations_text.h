// Violations as lines for people and editors: `file:line:column: Kind/name: field: reason`. Parts that are not known are left out.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "switchyard/v1/fleet.pb.h"

namespace switchyard::tools::yardctl {

// One line each, and a last line when there are more than the list holds.
std::string ViolationsText(const v1::Violations& violations);
// The line that ends them: how many, and that nothing was changed.
std::string MistakesText(const v1::Violations& violations);

}  // namespace switchyard::tools::yardctl
