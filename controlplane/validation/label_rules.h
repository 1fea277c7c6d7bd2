// Rules for names and labels, wherever they stand: on resources, on backends, in selectors, in references.
//
// Thread-safety: pure functions. Cost: O(text).
#pragma once

#include "controlplane/validation/findings.h"

namespace switchyard::controlplane::validation {

// `field` is the whole path.
void CheckName(Text field, Text name, Findings& out);

// `field` is the path of the map; an entry is `field[key]`. In order of key, whatever the order in memory.
void CheckLabels(Text field, const google::protobuf::Map<std::string, std::string>& labels, std::size_t max, Findings& out);

}  // namespace switchyard::controlplane::validation
