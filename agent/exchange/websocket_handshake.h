// The part of the WebSocket handshake that HTTP/1 has and HTTP/2 has not.
//
// Over HTTP/1 a client sends a random key and the server answers with its digest (RFC 6455 section 4); an extended CONNECT of HTTP/2 has
// neither (RFC 8441 section 5). Between the two the agent plays the missing part.
// Thread-safety: pure functions, but for the Random. Source: as named.
#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"

namespace switchyard::agent::exchange {

// 16 random bytes in base64. Not a secret: it only shows that the answer is to this request.
std::string MakeWebSocketKey(Random& random);
// The value of Sec-WebSocket-Accept for a key.
std::string WebSocketAcceptOf(std::string_view key);

}  // namespace switchyard::agent::exchange
