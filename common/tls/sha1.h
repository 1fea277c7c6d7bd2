// SHA-1 (FIPS 180-4), for old handshakes that ask for it and rest no security on it, such as WebSocket's. Not for anything else.
//
// Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>

namespace switchyard::tls {

// 20 raw bytes.
std::string Sha1(std::string_view data);

}  // namespace switchyard::tls
