// HOST:PORT as people write it: a name or an IP literal (IPv6 in brackets) and a port. Not resolved here; for addresses to bind see endpoint.h.
//
// Thread-safety: pure function. Bounds: 255 characters. Errors: INVALID_ARGUMENT that quotes the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace switchyard {

struct HostPort {
  // Without brackets.
  std::string host;
  std::uint16_t port = 0;
};

absl::StatusOr<HostPort> ParseHostPort(std::string_view text);

}  // namespace switchyard
