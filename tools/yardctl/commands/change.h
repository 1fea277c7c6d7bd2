// What `apply` and `delete` share: the options of a change and how its result is shown.
//
// Thread-safety: one command at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/yardctl/context.h"

namespace switchyard::tools::yardctl {

struct ChangeOptions {
  bool dry_run = false;
  std::optional<Duration> wait;
  std::string reason;
  std::string author;
  std::optional<std::uint64_t> expect;
};

// Copies the options into an ApplyRequest or a DeleteRequest.
template <class Request>
void SetChangeOptions(const ChangeOptions& options, Request& request);

// What was taken but should be known, to stderr.
void ShowWarnings(const Context& context, const v1::ApplyResponse& response);

// Shows an ApplyResponse or a DeleteResponse; the exit code tells whether it is live when that was asked for.
template <class Response>
ExitCode ShowChange(const Context& context, const ChangeOptions& options, const Response& response);

}  // namespace switchyard::tools::yardctl
