#include "agent/router/value_condition.h"

#include <optional>

namespace switchyard::agent::router {
namespace {

bool Compare(const ValueCondition& condition, std::optional<std::string_view> value) {
  switch (condition.kind) {
    case ValueCondition::Kind::kExact:
      return value && *value == condition.value;
    case ValueCondition::Kind::kPrefix:
      return value && value->starts_with(condition.value);
    case ValueCondition::Kind::kPresent:
      return value.has_value();
    case ValueCondition::Kind::kAbsent:
      return !value;
    case ValueCondition::Kind::kRegex:
      return value && condition.pattern->Matches(*value);
  }
  return false;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What is not a whole encoding stays as it is. The result views `text` or `room`.
std::string_view Decoded(std::string_view text, std::string& room) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  room.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      room += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      room += text[i] == '+' ? ' ' : text[i];
    }
  }
  return room;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the text up to `divider` off the front.
std::string_view Take(std::string_view& rest, char divider) {
  const std::size_t at = rest.find(divider);
  const std::string_view piece = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return piece;
}

std::optional<std::string_view> CookieIn(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    std::string_view value = Trimmed(Take(cookies, ';'));
    const std::string_view key = Trimmed(Take(value, '='));
    if (key == name) return Trimmed(value);
  }
  return std::nullopt;
}

}  // namespace

bool HeaderHolds(const ValueCondition& condition, const std::vector<codec::Header>& headers) {
  std::optional<std::string_view> value;
  std::string joined;
  for (const codec::Header& header : headers) {
    if (!codec::EqualsIgnoreCase(header.name, condition.name)) continue;
    if (!value) {
      value = header.value;
    } else {
      if (joined.empty()) joined = *value;
      joined.append(", ").append(header.value);
      value = joined;
    }
  }
  return Compare(condition, value) != condition.invert;
}

bool QueryHolds(const ValueCondition& condition, std::string_view query) {
  std::string room;
  while (!query.empty()) {
    std::string_view value = Take(query, '&');
    const std::string_view key = Take(value, '=');
    if (Decoded(key, room) != condition.name) continue;
    return Compare(condition, Decoded(value, room)) != condition.invert;
  }
  return Compare(condition, std::nullopt) != condition.invert;
}

bool CookieHolds(const ValueCondition& condition, const std::vector<codec::Header>& headers) {
  for (const codec::Header& header : headers) {
    if (!codec::EqualsIgnoreCase(header.name, "cookie")) continue;
    if (const auto value = CookieIn(header.value, condition.name)) return Compare(condition, value) != condition.invert;
  }
  return Compare(condition, std::nullopt) != condition.invert;
}

}  // namespace switchyard::agent::router
