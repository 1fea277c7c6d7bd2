#include "agent/exchange/request_id.h"

#include <algorithm>
#include <cstdint>

namespace switchyard::agent::exchange {
namespace {

void AppendHex(std::string& out, std::uint64_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> static_cast<unsigned>(shift) & 0xfU];
}

}  // namespace

bool IsRequestId(std::string_view text) {
  constexpr std::size_t kMaxLength = 128;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:+/=@-").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kMaxLength && std::all_of(text.begin(), text.end(), allowed);
}

void AppendRequestId(Random& random, std::string& out) {
  const std::uint64_t high = (random.Next() & ~std::uint64_t{0xf000}) | 0x4000U;                       // version 4
  const std::uint64_t low = (random.Next() & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{2} << 62U);  // variant 10
  AppendHex(out, high >> 32U, 8);
  AppendHex(out += '-', high >> 16U, 4);
  AppendHex(out += '-', high, 4);
  AppendHex(out += '-', low >> 48U, 4);
  AppendHex(out += '-', low, 12);
}

}  // namespace switchyard::agent::exchange
