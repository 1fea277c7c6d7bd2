// The name of a request that is the same on every hop: accepting what a client sent, or making one.
//
// Thread-safety: pure but for the generator. Source: RFC 9562 section 5.4 (UUID version 4). Not a secret: it is guessable by who sees many.
#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"

namespace switchyard::agent::exchange {

inline constexpr std::string_view kRequestIdHeader = "X-Request-Id";

// 1-128 of [A-Za-z0-9._:+/=@-]: nothing that a log, a header or a page could misread.
bool IsRequestId(std::string_view text);
// A random UUID (version 4).
void AppendRequestId(Random& random, std::string& out);

}  // namespace switchyard::agent::exchange
