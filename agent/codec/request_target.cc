#include "agent/codec/request_target.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/rules/request_path.h"

namespace switchyard::agent::codec {
namespace {

bool IsPort(std::string_view text) {
  std::uint32_t port = 0;
  if (text.empty() || text.size() > 5) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return port <= 65535;
}

// reg-name and IPv4 characters, without percent-encoding, which no real host name uses and resolvers disagree on.
constexpr std::array<bool, 256> MakeHostTable() {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = table[c + 32] = true;
  for (const char c : {'-', '.', '_', '~'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kHost = MakeHostTable();

bool IsHost(std::string_view text) {
  for (const char c : text) {
    if (!kHost[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool IsV6Char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

// Rare, so it may allocate.
void Normalize(RequestHead& head) {
  std::string text = rules::Normalized(head.path);
  const std::size_t path = text.size();
  text.append(head.path_and_query.substr(head.path.size()));
  head.normalized = std::make_unique<const std::string>(std::move(text));
  head.path_and_query = *head.normalized;
  head.path = head.path_and_query.substr(0, path);
}

bool SplitPath(RequestHead& head, std::string_view path_and_query) {
  head.path_and_query = path_and_query;
  head.path = path_and_query.substr(0, path_and_query.find('?'));
  bool loose = false;
  if (rules::FaultOf(head.path, &loose) != rules::PathFault::kNone) return false;
  if (loose) Normalize(head);
  return true;
}

}  // namespace

bool IsAuthority(std::string_view text) {
  std::string_view host = HostOfAuthority(text);
  std::string_view port = text.substr(host.size());
  if (host.size() > 255 || host.empty()) return false;
  if (!port.empty() && !(port.front() == ':' && IsPort(port.substr(1)))) return false;
  if (host.front() == '[') {
    return host.size() > 2 && host.back() == ']' && std::all_of(host.begin() + 1, host.end() - 1, IsV6Char);
  }
  return IsHost(host);
}

std::string_view HostOfAuthority(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(0, end + 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool SplitTarget(RequestHead& head) {
  const std::string_view target = head.target;
  if (target.starts_with('/')) return SplitPath(head, target);
  if (target == "*") {
    head.path = head.path_and_query = target;
    return head.method == "OPTIONS";
  }
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!EqualsIgnoreCase(scheme, "http") && !EqualsIgnoreCase(scheme, "https")) return false;
  const std::string_view rest = target.substr(scheme_end + 3);
  const std::size_t path = rest.find_first_of("/?");
  head.authority = rest.substr(0, path);
  if (!IsAuthority(head.authority)) return false;
  if (path == std::string_view::npos) return SplitPath(head, "/");
  return rest[path] == '/' && SplitPath(head, rest.substr(path));
}

}  // namespace switchyard::agent::codec
