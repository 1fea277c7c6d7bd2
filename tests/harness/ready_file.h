// ReadyFile: the small JSON file that our programs write once they serve, with the ports they got.
//
// Thread-safety: pure functions on files. Errors: WaitForPort says what it waited for and shows the program's output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/harness/process.h"

namespace switchyard::harness {

// The port in field `key`: a number, or text that ends in `:port`.
std::optional<std::uint16_t> PortIn(std::string_view json, std::string_view key);

// Waits until `path` holds a port under `key`. UNAVAILABLE: the process ended first. DEADLINE_EXCEEDED: it did not get ready.
absl::StatusOr<std::uint16_t> WaitForPort(Process& process, const std::string& path, std::string_view key, Duration within = kPatience);

}  // namespace switchyard::harness
