#include "controlplane/validation/text_rules.h"

#include <algorithm>

#include "common/base/endpoint.h"
#include "common/config/limits.h"

namespace switchyard::controlplane::validation {
namespace {

constexpr std::size_t kMaxHostLabelLength = 63;  // RFC 1035 section 2.3.4

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsAlphanumeric(char c) { return IsDigit(c) || IsLower(c) || (c >= 'A' && c <= 'Z'); }
bool IsVisible(char c) { return c > 0x20 && c < 0x7f; }

template <class Predicate>
bool All(std::string_view text, const Predicate& predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool IsOneOf(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool IsHostLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxHostLabelLength && text.front() != '-' && text.back() != '-' &&
         All(text, [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_'; });
}

}  // namespace

bool IsResourceName(std::string_view text) {
  if (text.empty() || text.size() > config::kMaxNameLength) return false;
  const auto edge = [](char c) { return IsLower(c) || IsDigit(c); };
  return edge(text.front()) && edge(text.back()) && All(text, [&](char c) { return edge(c) || c == '-' || c == '.'; });
}

bool IsLabelText(std::string_view text) {
  return All(text, [](char c) { return IsAlphanumeric(c) || IsOneOf(c, "._/-"); });
}

bool IsToken(std::string_view text) {
  return !text.empty() && All(text, [](char c) { return IsAlphanumeric(c) || IsOneOf(c, "!#$%&'*+-.^_`|~"); });
}

bool IsFieldValue(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!text.empty() && (blank(text.front()) || blank(text.back()))) return false;
  return All(text, [&](char c) { return IsVisible(c) || blank(c) || static_cast<unsigned char>(c) >= 0x80; });
}

bool IsHostName(std::string_view text) {
  if (text.empty() || text.size() > config::kMaxHostLength) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsHostLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsBracketedV6(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
  const absl::StatusOr<Endpoint> endpoint = Endpoint::FromIp(text.substr(1, text.size() - 2), 0);
  return endpoint.ok() && endpoint->is_v6();
}

bool IsPath(std::string_view text) {
  return text.starts_with('/') && All(text, [](char c) { return IsVisible(c) && c != '?' && c != '#'; });
}

std::size_t CharacterCount(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace switchyard::controlplane::validation
