// Fetches the controller's CA certificate over the network and believes it only if its SHA-256 is the one that is expected.
//
// The join token carries the fingerprint of the CA, so an agent knows its controller from the first byte: a man in the middle can refuse
// service but cannot be taken for the controller. The connection made here carries nothing secret and is closed at once; everything that
// follows verifies the controller's certificate against the CA returned here in the ordinary way.
//
// Thread-safety: a pure function that blocks; at most `timeout` for connecting and the handshake (a name in `host` is resolved before,
// bounded by the system's resolver). Bounds: at most 8 certificates are looked at.
// Errors: UNAVAILABLE (no connection), DEADLINE_EXCEEDED, INVALID_ARGUMENT (pin), UNAUTHENTICATED: nothing the server sent has this
// fingerprint, so it is another controller, or someone in between.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace switchyard::tls {

// `host`: IP literal or name. `sha256_pin`: 32 raw bytes, SHA-256 of the CA certificate's DER form. Returns the CA as PEM.
absl::StatusOr<std::string> FetchPinnedCa(std::string_view host, std::uint16_t port, std::string_view sha256_pin, Duration timeout);

}  // namespace switchyard::tls
