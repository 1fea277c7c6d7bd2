// RequestCases: the table of malformed and doubtful requests (data/malformed_requests.txt, whose head explains its form) as values.
//
// Thread-safety: pure functions. Errors: INVALID_ARGUMENT names the line of the table.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::integration {

// One response that is accepted.
struct ExpectedResponse {
  int status = 0;
  std::string cause;  // empty: the backend's answer
  bool to_head = false;
};

enum class BackendSaw { kAny, kNothing, kPartial, kRequests };

struct RequestCase {
  std::string name;
  int line = 0;
  std::string bytes;
  // Per response: what is accepted.
  std::vector<std::vector<ExpectedResponse>> responses;
  // Unset: as the last response says.
  std::optional<bool> closes;
  BackendSaw saw = BackendSaw::kAny;
  // Request lines, for kRequests.
  std::vector<std::string> requests;
  std::vector<std::string> has;
  std::vector<std::string> lacks;
};

absl::StatusOr<std::vector<RequestCase>> ParseRequestCases(std::string_view text);
// `\r \n \t \0 \xNN \\` and `{N*TEXT}`.
absl::StatusOr<std::string> Unescape(std::string_view text);

}  // namespace switchyard::integration
