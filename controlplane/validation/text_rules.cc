#include "controlplane/validation/text_rules.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/endpoint.h"
#include "common/config/limits.h"
#include "common/config/utf8.h"
#include "common/config/violation.h"

namespace switchyard::controlplane::validation {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlnum(char c) { return IsLower(c) || IsUpper(c) || IsDigit(c); }
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool IsTokenChar(char c) { return IsAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; }
bool IsNameChar(char c) { return IsLower(c) || IsDigit(c) || c == '-' || c == '.'; }
bool IsNameEnd(char c) { return IsLower(c) || IsDigit(c); }
bool IsLabelChar(char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '/' || c == '-'; }
bool IsHostChar(char c) { return IsAlnum(c) || c == '-' || c == '_'; }

template <typename Fits>
bool All(std::string_view text, Fits fits) {
  return std::all_of(text.begin(), text.end(), fits);
}

std::string Quote(std::string_view text) { return fmt::format("\"{}\"", config::CleanText(text, 80)); }

std::string TooLong(std::string_view text, std::size_t most) { return fmt::format("has {} characters; at most {} are allowed", text.size(), most); }

bool IsDottedName(std::string_view name) {
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view part = name.substr(0, dot);
    if (part.empty() || part.size() > 63 || !All(part, IsHostChar)) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool IsBracketedIp(std::string_view host) {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return false;
  const auto endpoint = Endpoint::FromIp(host.substr(1, host.size() - 2), 0);
  return endpoint.ok() && endpoint->is_v6();
}

std::string LabelProblem(std::string_view text, std::size_t most, std::string_view what) {
  if (text.size() > most) return TooLong(text, most);
  if (!All(text, IsLabelChar)) return fmt::format("{} {} may hold letters, digits and . _ / - only", what, Quote(text));
  return {};
}

char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// A part of the path that requests are refused for; empty when there is none.
std::string_view ForbiddenPart(std::string_view path) {
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "." || segment == "..") return segment;
    at = end + 1;
  }
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    const std::string_view code = path.substr(at, 3);
    if (code.size() < 3) return code;
    const char high = code[1];
    const char low = Lower(code[2]);
    if ((high == '2' && low == 'f') || (high == '5' && low == 'c') || (high == '0' && low == '0')) return code;
  }
  return {};
}

}  // namespace

std::string NameProblem(std::string_view name) {
  if (name.empty()) return "is required";
  if (name.size() > config::kMaxNameLength) return TooLong(name, config::kMaxNameLength);
  if (All(name, IsNameChar) && IsNameEnd(name.front()) && IsNameEnd(name.back())) return {};
  return fmt::format("{} is no name; expected lower-case letters, digits, - and ., with a letter or digit at both ends", Quote(name));
}

std::string LabelKeyProblem(std::string_view key) {
  if (key.empty()) return "has a label with an empty key";
  return LabelProblem(key, config::kMaxLabelKeyLength, "the key");
}

std::string LabelValueProblem(std::string_view value) { return LabelProblem(value, config::kMaxLabelValueLength, "the value"); }

std::string HostProblem(std::string_view host) {
  if (host.empty()) return "is empty; expected a host name such as shop.example.com or *.example.com";
  if (host.size() > config::kMaxHostLength) return TooLong(host, config::kMaxHostLength);
  if (host == "*") return "\"*\" is no host; leave `hosts` out to take every host";
  const bool wildcard = host.starts_with("*.");
  if (IsDottedName(wildcard ? host.substr(2) : host) || (!wildcard && IsBracketedIp(host))) return {};
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && IsDottedName(host.substr(0, colon))) return fmt::format("{} has a port; hosts are compared without it", Quote(host));
  return fmt::format("{} is no host; expected a name such as shop.example.com, or *.example.com with the * in front only", Quote(host));
}

std::string PathProblem(std::string_view path) {
  if (path.empty() || path.front() != '/') return fmt::format("{} does not start with /", Quote(path));
  if (path.size() > config::kMaxPathLength) return TooLong(path, config::kMaxPathLength);
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#'; };
  if (!All(path, visible)) {
    return fmt::format("{} holds a character that no request path has (space, ?, #, control or beyond ASCII); percent-encode it", Quote(path));
  }
  const std::string_view forbidden = ForbiddenPart(path);
  if (forbidden.empty()) return {};
  return fmt::format("{} holds {}; such requests are refused before routing, so it would never match", Quote(path), Quote(forbidden));
}

std::string MethodProblem(std::string_view method) {
  if (method.empty() || method.size() > config::kMaxMethodLength || !All(method, IsTokenChar)) {
    return fmt::format("{} is no method; expected a word such as GET", Quote(method));
  }
  if (std::any_of(method.begin(), method.end(), IsLower)) return fmt::format("{} has lower-case letters; methods are compared with case, write GET", Quote(method));
  return {};
}

std::string TokenProblem(std::string_view token, std::string_view what) {
  if (!token.empty() && All(token, IsTokenChar)) return {};
  return fmt::format("{} is no {}; expected letters, digits and - _ . and the like, without spaces", Quote(token), what);
}

std::string HeaderValueProblem(std::string_view value) {
  if (value.size() > config::kMaxHeaderValueLength) return TooLong(value, config::kMaxHeaderValueLength);
  if (!All(value, [](char c) { return !IsControl(c) || c == '\t'; })) return "holds control characters, which no header value has";
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (blank(value.front()) || blank(value.back()))) return "has white space at its end or start, which no header value has";
  return {};
}

std::string LineProblem(std::string_view text) {
  if (config::FindInvalidUtf8(text) != std::string_view::npos) return "is not UTF-8";
  return All(text, [](char c) { return !IsControl(c); }) ? std::string() : "holds control characters";
}

}  // namespace switchyard::controlplane::validation
