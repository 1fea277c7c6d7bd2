// H2Cases: the table of HTTP/2 frames that a client may send, right and wrong (data/h2_cases.txt, whose head explains its form), as values.
//
// Thread-safety: pure functions. Errors: INVALID_ARGUMENT names the line of the table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::integration {

// What the client must see.
struct H2Expectation {
  enum class Kind : std::uint8_t { kStatus, kReset, kGoaway, kOpen, kClosed };
  Kind kind = Kind::kOpen;
  std::uint32_t stream = 0;
  int status = 0;
  std::string cause;                  // with kStatus; empty: the backend's answer
  std::vector<std::uint32_t> errors;  // any of them, with kReset and kGoaway
};

struct H2Case {
  std::string name;
  int line = 0;
  // Behind the preface and empty SETTINGS, unless `raw`.
  std::string bytes;
  bool raw = false;
  std::vector<H2Expectation> expects;
  // Request lines that the HTTP/1 backend saw, for `sees`; nothing at all if `sees_nothing`.
  std::vector<std::string> sees;
  bool sees_nothing = false;
  std::vector<std::string> has;
  std::vector<std::string> lacks;
  // A cause that the agent must have counted.
  std::string counts;
};

absl::StatusOr<std::vector<H2Case>> ParseH2Cases(std::string_view text);

}  // namespace switchyard::integration
