// Status text as the standard's string_view. Debian's Abseil has its own string_view type, which nothing else here speaks; so Abseil is
// used for Status and StatusOr only, and text is made with fmt.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace switchyard {

// Valid as long as `status`.
inline std::string_view Message(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

// The same status with `context: ` before its message. OK stays OK.
inline absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  std::string text(context);
  text += ": ";
  text += Message(status);
  return absl::Status(status.code(), text);
}

}  // namespace switchyard
