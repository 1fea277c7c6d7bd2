// Descriptors: how many files and sockets this process may have open.
//
// Most systems start programs with 1024 (soft) and allow many more (hard): the low limit is for programs that use select(), which we do not.
// A proxy or a controller at its limit can accept nobody, so both raise it when they start.
// Thread-safety: for the start of a process. Errors: none; what the system allows is what there is. Source: getrlimit(2).
#pragma once

#include <cstdint>

namespace switchyard {

// Raises the soft limit to the hard one. Returns the limit now in force.
std::uint64_t RaiseDescriptorLimit();

}  // namespace switchyard
