#include "agent/upstream/affinity.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/balancer/hash_table.h"

namespace switchyard::agent::upstream {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view HeaderOf(const std::vector<codec::Header>& headers, std::string_view name) {
  for (const codec::Header& header : headers) {
    if (codec::EqualsIgnoreCase(header.name, name)) return header.value;
  }
  return {};
}

// Null data: the request does not have it.
std::string_view TextOf(const HashSource& source, const codec::RequestHead& head, std::string_view client_ip) {
  switch (source.kind) {
    case HashSource::Kind::kHeader:
      return HeaderOf(head.headers, source.name);
    case HashSource::Kind::kCookie:
      return CookieOf(head.headers, source.name);
    case HashSource::Kind::kQuery:
      return QueryValueOf(head.path_and_query, source.name);
    case HashSource::Kind::kSourceAddress:
      return client_ip;
    case HashSource::Kind::kPath:
      return head.path;
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> KeyOf(const std::vector<HashSource>& sources, const codec::RequestHead& head, std::string_view client_ip) {
  for (const HashSource& source : sources) {
    const std::string_view text = TextOf(source, head, client_ip);
    if (text.data() != nullptr) return balancer::HashOf(text);
  }
  return std::nullopt;
}

// RFC 6265 section 4.2.1: `a=b; c=d`.
std::string_view CookieOf(const std::vector<codec::Header>& headers, std::string_view name) {
  for (const codec::Header& header : headers) {
    if (header.name.size() != 6 || !codec::EqualsIgnoreCase(header.name, "cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && Trimmed(pair.substr(0, equals)) == name) return Trimmed(pair.substr(equals + 1));
    }
  }
  return {};
}

std::string_view QueryValueOf(std::string_view path_and_query, std::string_view name) {
  const std::size_t mark = path_and_query.find('?');
  if (mark == std::string_view::npos) return {};
  std::string_view rest = path_and_query.substr(mark + 1);
  rest = rest.substr(0, rest.find('#'));
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? pair.substr(pair.size()) : pair.substr(equals + 1);
  }
  return {};
}

std::uint64_t SessionIdOf(std::string_view upstream, std::string_view address) {
  return balancer::Mix(balancer::HashOf(upstream) ^ balancer::Mix(balancer::HashOf(address)));
}

std::optional<std::uint64_t> ParseSessionId(std::string_view text) {
  std::uint64_t id = 0;
  if (text.size() != 16) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::string SetCookie(const StickyPolicy& policy, std::uint64_t session_id) {
  return fmt::format("{}={:016x}{}", policy.cookie, session_id, policy.attributes);
}

std::string CookieAttributes(std::string_view path, Duration ttl, bool secure) {
  std::string out = fmt::format("; Path={}", path);
  if (ttl > Duration::zero()) out += fmt::format("; Max-Age={}", std::chrono::duration_cast<std::chrono::seconds>(ttl).count());
  out += "; HttpOnly; SameSite=Lax";
  if (secure) out += "; Secure";
  return out;
}

}  // namespace switchyard::agent::upstream
