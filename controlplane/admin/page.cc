#include "controlplane/admin/page.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace switchyard::controlplane::admin {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kMaxToken = 256;

absl::Status BadToken(std::string_view verb) {
  return absl::InvalidArgumentError(fmt::format("page_token is not one that {} gave; leave it empty for the first page", verb));
}

}  // namespace

std::size_t PageSize(std::uint32_t asked, std::size_t by_default, std::size_t most) {
  return asked == 0 ? by_default : std::min<std::size_t>(asked, most);
}

std::string MakePageToken(std::string_view verb, const std::vector<std::string>& parts) {
  std::string token = fmt::format("{}{}", verb, kVersion);
  for (const std::string& part : parts) token += "/" + part;
  return token;
}

absl::StatusOr<std::vector<std::string>> ParsePageToken(std::string_view verb, std::string_view token, std::size_t count) {
  const std::string head = fmt::format("{}{}/", verb, kVersion);
  if (token.size() > kMaxToken || !token.starts_with(head)) return BadToken(verb);
  token.remove_prefix(head.size());
  std::vector<std::string> parts;
  while (parts.size() + 1 < count) {
    const auto slash = token.find('/');
    if (slash == std::string_view::npos) return BadToken(verb);
    parts.emplace_back(token.substr(0, slash));
    token.remove_prefix(slash + 1);
  }
  parts.emplace_back(token);
  return parts;
}

absl::StatusOr<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return absl::InvalidArgumentError(fmt::format("'{}' is not a number", text.substr(0, 32)));
  }
  return value;
}

}  // namespace switchyard::controlplane::admin
