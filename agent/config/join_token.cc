#include "agent/config/join_token.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "fmt/format.h"

namespace switchyard::agent::config {
namespace {

constexpr std::size_t kMaxToken = 512;
constexpr std::size_t kPinDigits = 64;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsTokenChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("join token: {}; expected syt1.<id>.<secret>.<ca pin> as `yardctl token create` prints it", what));
}

}  // namespace

absl::StatusOr<JoinToken> ParseJoinToken(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return Malformed("it is empty");
  if (text.size() > kMaxToken) return Malformed("it is too long");
  std::array<std::string_view, 4> parts;
  std::string_view rest = text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dot = rest.find('.');
    if ((dot == std::string_view::npos) != (i == parts.size() - 1)) return Malformed("it does not have four parts");
    parts[i] = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
    if (parts[i].empty() || !std::all_of(parts[i].begin(), parts[i].end(), IsTokenChar)) return Malformed(fmt::format("part {} is malformed", i + 1));
  }
  if (parts[0] != "syt1") return Malformed("it does not start with syt1");
  if (parts[3].size() != kPinDigits || !std::all_of(parts[3].begin(), parts[3].end(), IsLowerHex)) {
    return Malformed("its last part is not a SHA-256 in lower-case hex");
  }
  return JoinToken{std::string(text), std::string(parts[1]), std::string(parts[3])};
}

}  // namespace switchyard::agent::config
