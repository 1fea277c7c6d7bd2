// JoinToken: what `yardctl token create` prints: `syt1.<id>.<secret>.<SHA-256 of the CA certificate, hex>`.
//
// The last part lets an agent know its controller from the first byte on, so that a stranger between the two is noticed.
// Thread-safety: a value. Bounds: 512 characters. Errors: INVALID_ARGUMENT that never quotes the secret.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace switchyard::agent::config {

struct JoinToken {
  // The whole token, as the controller wants it. Secret.
  std::string text;
  // Public; may be logged.
  std::string id;
  // 64 hex digits, lower case.
  std::string ca_pin;
};

// White space at either end is ignored, because tokens come from files.
absl::StatusOr<JoinToken> ParseJoinToken(std::string_view text);

}  // namespace switchyard::agent::config
