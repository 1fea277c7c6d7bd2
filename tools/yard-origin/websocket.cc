#include "tools/yard-origin/websocket.h"

#include <algorithm>
#include <boost/uuid/detail/sha1.hpp>

namespace switchyard::tools::origin {
namespace {

std::string Base64(const unsigned char* bytes, std::size_t size) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < size; i += 3) {
    std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16;
    if (i + 1 < size) group |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
    if (i + 2 < size) group |= bytes[i + 2];
    for (std::size_t k = 0; k < 4; ++k) out += i + k > size ? '=' : kAlphabet[(group >> (18 - 6 * k)) & 63];
  }
  return out;
}

}  // namespace

std::string WebSocketAccept(std::string_view key) {
  boost::uuids::detail::sha1 sha;
  sha.process_bytes(key.data(), key.size());
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  sha.process_bytes(kGuid.data(), kGuid.size());
  unsigned int words[5];
  sha.get_digest(words);
  unsigned char digest[20];
  for (int i = 0; i < 20; ++i) digest[i] = static_cast<unsigned char>(words[i / 4] >> (24 - 8 * (i % 4)));
  return Base64(digest, sizeof digest);
}

std::size_t WebSocketEcho::HeaderSize() const {
  if (have_ < 2) return 2;
  const unsigned length = header_[1] & 0x7f;
  return 2u + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
}

bool WebSocketEcho::BeginFrame(std::string& out) {
  const bool masked = (header_[1] & 0x80) != 0;
  if (!masked || (header_[0] & 0x70) != 0) return false;
  const unsigned opcode = header_[0] & 0x0f;
  closing_ = opcode == 8;
  mask_at_ = HeaderSize() - 4;
  left_ = header_[1] & 0x7f;
  if (left_ >= 126) {
    left_ = 0;
    for (std::size_t i = 2; i < mask_at_; ++i) left_ = left_ << 8 | header_[i];
  }
  out += static_cast<char>(opcode == 9 ? (header_[0] & 0xf0) | 10 : header_[0]);
  out += static_cast<char>(header_[1] & 0x7f);
  for (std::size_t i = 2; i < mask_at_; ++i) out += static_cast<char>(header_[i]);
  offset_ = 0;
  return true;
}

bool WebSocketEcho::Feed(std::string_view bytes, std::string& out) {
  for (;;) {
    if (!in_payload_) {
      while (!bytes.empty() && have_ < HeaderSize()) {
        header_[have_++] = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
      }
      if (have_ < HeaderSize()) return true;
      if (!BeginFrame(out)) return false;
      in_payload_ = true;
    }
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    for (std::size_t i = 0; i < n; ++i) out += static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ header_[mask_at_ + (offset_++ & 3)]);
    bytes.remove_prefix(n);
    left_ -= n;
    if (left_ > 0) return true;
    in_payload_ = false;
    have_ = 0;
    if (closing_) return false;
  }
}

}  // namespace switchyard::tools::origin
