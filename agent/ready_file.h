// ReadyFile: a small JSON file that tells scripts and tests where the agent is: {"pid", "node", "admin_port", "generation"}.
//
// Written once the admin port is open, and again when the first snapshot is applied (`generation` is 0 before that). Replaced as a whole, so
// a reader never sees half of one; not synced, because it means nothing after a crash.
// Thread-safety: one writer. Errors: with the path and the system's reason.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace switchyard::agent {

struct ReadyFacts {
  std::string node;
  std::uint16_t admin_port = 0;
  std::uint64_t generation = 0;
};

absl::Status WriteReadyFile(const std::string& path, const ReadyFacts& facts);

}  // namespace switchyard::agent
