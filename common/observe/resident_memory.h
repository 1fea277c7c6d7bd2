// Resident memory of this process, from /proc/self/statm (proc(5)).
//
// Thread-safety: any thread. Cost: one small read. Errors: 0 when the file cannot be read.
#pragma once

#include <cstdint>

namespace switchyard::observe {

std::uint64_t ResidentBytes();

}  // namespace switchyard::observe
