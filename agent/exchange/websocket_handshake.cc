#include "agent/exchange/websocket_handshake.h"

#include "common/tls/sha1.h"

namespace switchyard::agent::exchange {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
constexpr std::size_t kKeyBytes = 16;

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 63U] : '=';
  }
  return out;
}

}  // namespace

std::string MakeWebSocketKey(Random& random) {
  std::string bytes;
  while (bytes.size() < kKeyBytes) bytes += static_cast<char>(random.Below(256));
  return Base64(bytes);
}

std::string WebSocketAcceptOf(std::string_view key) { return Base64(tls::Sha1(std::string(key).append(kGuid))); }

}  // namespace switchyard::agent::exchange
