#include "common/base/host_port.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace switchyard {
namespace {

constexpr std::size_t kMaxText = 255;

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}
bool IsAddressChar(char c) { return IsNameChar(c) || c == ':' || c == '%'; }

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  const absl::Status malformed = absl::InvalidArgumentError(fmt::format("'{}': expected HOST:PORT, e.g. fleet.example:7400 or [::1]:7400", text));
  const std::size_t colon = text.rfind(':');
  if (text.size() > kMaxText || colon == std::string_view::npos) return malformed;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  HostPort out;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (error != std::errc() || end != digits.data() + digits.size() || out.port == 0) return malformed;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || !std::all_of(host.begin(), host.end(), bracketed ? IsAddressChar : IsNameChar)) return malformed;
  out.host = std::string(host);
  return out;
}

}  // namespace switchyard
